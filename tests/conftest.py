"""Fixtures of the whole suite: the named world and signed-in browsers without a browser."""

from collections.abc import Callable

import pytest
from django.test import Client

from grid.models import Account
from tests.world import World, build_world


@pytest.fixture
def world(db: None) -> World:
    return build_world()


@pytest.fixture
def signed_in() -> Callable[[Account], Client]:
    """signed_in(account) gives a test client in which the account is signed in."""

    def sign_in(account: Account) -> Client:
        client = Client()
        client.force_login(account)
        return client

    return sign_in
