"""Fixtures of the whole suite: the named world and signed-in browsers without a browser."""

from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings

from grid.models import Account
from tests.world import World, build_world

# Examples are judged by what they show, not by how busy the machine is.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("suite")


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
