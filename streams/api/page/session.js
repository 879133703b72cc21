// Session: signing in with a token, and out again. The token goes to the API once and is kept nowhere.
import { V1, get, post, remove } from "./api.js";
import { h } from "./dom.js";

export const whoAmI = () => get(`${V1}/me`);
export const signOut = () => remove("/session");

/** A form; `entered(me)` when the API has let us in. */
export function signIn(entered) {
  const token = h("input", {
    type: "password",
    name: "token",
    id: "token",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
    maxlength: 512,
  });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, "Sign in");
  const form = h(
    "form",
    { class: "card sign-in", onsubmit: submit },
    h("h1", {}, "Sign in"),
    h(
      "p",
      { class: "sub" },
      "With a token that somebody made for you by ",
      h("code", {}, "pulse api --make-token"),
      ".",
    ),
    h("label", { for: "token" }, "Token"),
    token,
    trouble,
    button,
  );

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    trouble.textContent = "";
    try {
      const me = await post("/session", { token: token.value.trim() });
      token.value = "";
      entered(me);
    } catch (error) {
      trouble.textContent =
        error.status === 401 ? "This token is not known. Look whether all of it was pasted." : error.message;
      token.focus();
    } finally {
      button.disabled = false;
    }
  }
  return { element: form, title: "Sign in", focus: () => token.focus(), changed() {}, keys: {}, close() {} };
}
