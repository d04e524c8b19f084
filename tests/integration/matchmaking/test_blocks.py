"""Blocks, as documents and as matchmaking honours them."""

import asyncio

import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import UserId
from domain.social import blocks
from domain.social.blocks import BlockLimit
from domain.social.commands import ToBlock
from domain.social.model import BLOCKS
from maoga.bootstrap import Core
from tests.support.cores import players
from tests.support.invariants import everything


async def test_a_block_is_one_however_often_it_is_made_and_can_be_taken_back(core: Core) -> None:
    ann, bob = await players(core, 2)
    first = await core.blocks.block(ann, ToBlock(user_id=bob))
    assert [first] * 3 == await asyncio.gather(*(core.blocks.block(ann, ToBlock(user_id=bob)) for _ in range(3)))
    assert len(await everything(core.database, BLOCKS)) == 1
    for _ in range(2):
        await core.blocks.unblock(ann, ToBlock(user_id=bob))
    assert await everything(core.database, BLOCKS) == []


async def test_blocks_are_asked_for_in_both_ways(core: Core) -> None:
    ann, bob, eve = await players(core, 3)
    for blocker, blocked in [(ann, eve), (ann, bob), (eve, bob)]:
        await core.blocks.block(blocker, ToBlock(user_id=blocked))
    found = await core.blocks.blocked_by([ann, bob])
    assert {ann: {eve, bob}, bob: set()} == {user: set(blocked) for user, blocked in found.items()}
    assert {(ann, eve)} == await core.blocks.between([ann, eve])
    assert {(ann, eve), (ann, bob), (eve, bob)} == await core.blocks.between([bob, eve, ann])


async def test_nobody_blocks_themselves_or_a_stranger_to_the_server(core: Core) -> None:
    (ann,) = await players(core, 1)
    with pytest.raises(ValidationFailed) as refused:
        await core.blocks.block(ann, ToBlock(user_id=ann))
    assert [fault["field"] for fault in refused.value.faults] == ["userId"]
    with pytest.raises(NotFound):
        await core.blocks.block(ann, ToBlock(user_id=UserId("nobody")))


async def test_a_player_blocks_no_more_than_the_limit(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, eve = await players(core, 3)
    monkeypatch.setattr(blocks, "LIMIT", 1)
    await core.blocks.block(ann, ToBlock(user_id=bob))
    with pytest.raises(BlockLimit) as refused:
        await core.blocks.block(ann, ToBlock(user_id=eve))
    assert refused.value.details == {"limit": 1}
    await core.blocks.block(ann, ToBlock(user_id=bob))
    await core.blocks.unblock(ann, ToBlock(user_id=bob))
    await core.blocks.block(ann, ToBlock(user_id=eve))
