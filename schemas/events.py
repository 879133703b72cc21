"""Events: what happened on a platform, as producers send it.

Knows the fields, types and limits of every inbound kind. Must not know what is made of them.
Fields that are not named here are ignored; names are never changed, only added.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=20_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Money = Annotated[float, Meta(ge=0, le=1_000_000_000)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217 code, upper case")]
Moment = (
    Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]
    | Annotated[int, Meta(ge=0, le=253_402_300_799_999, description="milliseconds since the epoch")]
)
Change = Literal["add", "remove"]


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """What every event carries. `creator_id` is one account on one platform, and the record's key.

    `event_id` names the event among those of its creator and topic: a second one within the
    duplicate horizon is dropped.
    """

    event_id: Id
    creator_id: Id
    platform: Label
    occurred_at: Moment
    source: Label | None = None
    received_at: Moment | None = None


class Post(Envelope, frozen=True, kw_only=True):
    """A creator published, edited or deleted a post."""

    post_id: Id
    action: Literal["publish", "edit", "delete"] = "publish"
    media_type: Label | None = None
    text: Text | None = None
    tags: Annotated[list[Label], Meta(max_length=100)] | None = None
    campaign_id: Id | None = None
    paid_partnership: bool | None = None
    followers_at_publish: Count | None = None


class ActorProfile(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an account that acts: for authenticity, never kept for long."""

    created_at: Moment | None = None
    followers: Count | None = None
    following: Count | None = None
    posts: Count | None = None
    has_avatar: bool | None = None


class Like(Envelope, frozen=True, kw_only=True, gc=False):
    """Somebody liked a post, or took the like back."""

    post_id: Id
    actor_id: Id
    action: Change = "add"
    actor: ActorProfile | None = None


class Share(Envelope, frozen=True, kw_only=True, gc=False):
    """Somebody shared a post, or took the share back."""

    post_id: Id
    actor_id: Id
    action: Change = "add"


class Comment(Envelope, frozen=True, kw_only=True, gc=False):
    """Somebody commented. Where `actor_id` is the `creator_id`, it is the creator's own answer."""

    comment_id: Id
    post_id: Id
    actor_id: Id
    text: Text
    action: Literal["add", "edit", "remove"] = "add"
    lang: Label | None = None
    in_reply_to: Id | None = None
    actor: ActorProfile | None = None


class Follow(Envelope, frozen=True, kw_only=True, gc=False):
    """Somebody followed the creator, or stopped following."""

    actor_id: Id
    action: Literal["follow", "unfollow"] = "follow"
    actor: ActorProfile | None = None


class Click(Envelope, frozen=True, kw_only=True, gc=False):
    """Somebody clicked a campaign's link."""

    campaign_id: Id
    link_id: Id
    actor_id: Id | None = None
    post_id: Id | None = None


class Conversion(Envelope, frozen=True, kw_only=True, gc=False):
    """An order was attributed to a campaign, or refunded. `value` is positive in both cases."""

    campaign_id: Id
    order_id: Id
    value: Money
    currency: Currency
    action: Literal["convert", "refund"] = "convert"
    link_id: Id | None = None


class Counters(Envelope, frozen=True, kw_only=True, gc=False):
    """Absolute totals as a poller read them: of a post with `post_id`, of the account without."""

    post_id: Id | None = None
    likes: Count | None = None
    comments: Count | None = None
    shares: Count | None = None
    saves: Count | None = None
    views: Count | None = None
    followers: Count | None = None


class CreatorProfile(Envelope, frozen=True, kw_only=True):
    """Who a creator is. The newest record counts; a null value (tombstone) erases the creator."""

    handle: Label
    followers: Count | None = None
    person_id: Id | None = None
    tags: Annotated[list[Label], Meta(max_length=100)] | None = None
    tier: Literal["nano", "micro", "mid", "macro", "mega"] | None = None


class Deliverable(Struct, frozen=True, kw_only=True):
    """One thing that a creator owes to a campaign."""

    creator_id: Id | None = None
    media_type: Label | None = None
    count: Count = 1
    due_at: Moment | None = None


class Campaign(Struct, frozen=True, kw_only=True):
    """A brand's campaign, keyed by `campaign_id`; read whole by every worker.

    `cost` is either one amount for each creator or an amount by `creator_id`, in `currency`.
    `targets` are totals to reach, by metric name.
    """

    campaign_id: Id
    name: Label
    brand: Label | None = None
    owner: Label | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    creators: list[Id] = []
    cost: Money | dict[Id, Money] | None = None
    currency: Currency | None = None
    targets: dict[Label, float] | None = None
    deliverables: list[Deliverable] = []
    event_id: Id | None = None
    occurred_at: Moment | None = None


Event = Post | Like | Share | Comment | Follow | Click | Conversion | Counters | CreatorProfile
