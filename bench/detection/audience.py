"""Audience: who comments and likes, in which words, and what may be bought of it.

Knows the stock words of ordinary people, the profiles of those who react, and pushes: people who
come by appointment, or are sold. Must not know posts' worth, detectors or incidents: it imports
nothing of this project.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Dice = np.random.Generator
FRESH = 20_000
"""Accounts from this number on are seen in one push only, unless they are of a circle."""


@dataclass(frozen=True)
class Push:
    """Reactions to a post at these times, by these accounts: comments, or likes.

    `stock` is the share of comments in stock words, `hollow` that of accounts without a life.
    """

    post: int
    times: Array
    authors: Array
    comments: bool
    stock: float = 0.0
    hollow: float = 0.1


@dataclass(frozen=True)
class Habits:
    """How an ordinary audience talks, and whether profiles come with its reactions."""

    stock: float
    hollow: float
    knows_profiles: bool


def circle(dice: Dice, size: int) -> Array:
    """The accounts of so many people who know each other."""
    return FRESH + dice.choice(40_000, size, replace=False)


def by_appointment(
    dice: Dice, post: int, at: int, members: Array, within: int, stock: float
) -> Push:
    """Nine in ten of a circle comment soon after a post is out, many of them in stock words."""
    there = members[dice.random(len(members)) < 0.9]
    return Push(post, at + dice.gamma(2.0, within / 4, len(there)), there, True, stock, 0.1)


def sold(dice: Dice, post: int, at: int, span: int, count: int, comments: bool) -> Push:
    """Comments in stock words, or likes of hollow accounts, by so many strangers."""
    authors = FRESH + dice.choice(40_000, count, replace=False)
    times = at + np.sort(dice.uniform(0, span, count))
    return Push(post, times, authors, comments, 0.9 if comments else 0.0, 0.3 if comments else 0.88)


def stock_words(dice: Dice, habits: Habits, post_of: Array, posts: int) -> Array:
    """Which of these would be in stock words, if they are comments: posts differ."""
    share = dice.beta(12 * habits.stock, 12 * (1 - habits.stock), posts)
    return (dice.random(len(post_of)) < share[post_of]).astype(int)


def profiles(dice: Dice, habits: Habits, post_of: Array, posts: int) -> Array:
    """1 for a hollow account, 0 for one with a life, -1 where that is not known."""
    if not habits.knows_profiles:
        return np.full(len(post_of), -1)
    share = dice.beta(20 * habits.hollow, 20 * (1 - habits.hollow), posts)
    return (dice.random(len(post_of)) < share[post_of]).astype(int)
