"""Machines sign in with a key; refusals look the same to them every time."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from grid.actions.keys import demand_signature
from grid.client_address import address_of
from grid.key_guards import forget_nonces, sign, text_to_sign
from grid.models import DepartmentKey, KeyMinute, KeyNonce
from grid.signing import DepartmentKeyAuthentication, KeyUser, refusals_as_problems
from tests.world import World
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Refusal


def sign_in(header: str | None) -> tuple[KeyUser, DepartmentKey] | None:
    extra = {"HTTP_AUTHORIZATION": header} if header is not None else {}
    return DepartmentKeyAuthentication().authenticate(
        Request(APIRequestFactory().get("/api/uploads/", **extra))
    )


def test_key_signs_its_department_in(world: World) -> None:
    user, key = sign_in(f"Key {world.medical_key}")
    assert user.department == world.medical
    assert key.department == world.medical


def test_key_notes_when_it_was_used(world: World) -> None:
    sign_in(f"Key {world.medical_key}")
    assert world.medical.keys.get().last_used_at is not None


@pytest.mark.parametrize("header", [None, "", "Bearer abc", "Basic eDp5"])
def test_other_schemes_are_left_to_others(world: World, header: str | None) -> None:
    assert sign_in(header) is None


@pytest.mark.parametrize("text", ["", ".", "nobody.secret", "{prefix}.wrong", "{prefix}."])
def test_wrong_key_is_refused_with_one_sentence(world: World, text: str) -> None:
    prefix = world.medical_key.split(".")[0]
    with pytest.raises(AuthenticationFailed, match="密钥不对"):
        sign_in(f"Key {text.format(prefix=prefix)}")


def test_secret_of_another_department_does_not_fit(world: World) -> None:
    prefix = world.medical_key.split(".")[0]
    secret = world.education_key.split(".")[1]
    with pytest.raises(AuthenticationFailed, match="密钥不对"):
        sign_in(f"Key {prefix}.{secret}")


def test_revoked_key_says_so(world: World) -> None:
    world.medical.keys.update(revoked_at=timezone.now())
    with pytest.raises(AuthenticationFailed, match="已停用"):
        sign_in(f"Key {world.medical_key}")


def test_expired_key_says_so(world: World) -> None:
    world.medical.keys.update(expires_on=timezone.localdate() - timedelta(days=1))
    with pytest.raises(AuthenticationFailed, match="已过期"):
        sign_in(f"Key {world.medical_key}")


def test_key_works_on_its_last_day(world: World) -> None:
    world.medical.keys.update(expires_on=timezone.localdate())
    assert sign_in(f"Key {world.medical_key}") is not None


def problem(exc: Exception, user: object = None) -> Response:
    request = Request(APIRequestFactory().post("/api/uploads/"))
    request.user = user or AnonymousUser()
    return refusals_as_problems(exc, {"request": request, "view": None})


def test_refusal_is_a_problem_with_its_sentence_and_code(db: None) -> None:
    response = problem(Refusal("文件是空的。请重新导出。", code="empty_file"))
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.data == {
        "type": "about:blank",
        "status": 400,
        "code": "empty_file",
        "title": "文件是空的。请重新导出。",
    }


@pytest.mark.parametrize("exc", [NotAllowed("您没有这项权限。"), NotFound()])
def test_refused_access_leaves_a_trace(world: World, exc: Refusal) -> None:
    problem(exc, KeyUser(world.medical.keys.get()))
    entry = AuditEntry.objects.get(verb="refused")
    assert entry.actor_name.startswith("医保局接口")
    assert entry.detail["code"] == exc.code


def test_ordinary_refusal_leaves_no_trace_of_refused_access(db: None) -> None:
    problem(Refusal("文件是空的。"))
    assert not AuditEntry.objects.exists()


def test_errors_by_field_are_listed(db: None) -> None:
    response = problem(ValidationError({"feed": ["没有这个数据集。"]}))
    assert response.data["errors"] == {"feed": ["没有这个数据集。"]}
    assert response.data["title"].startswith("提交的内容有误")


def test_missing_sign_in_is_a_problem_too(db: None) -> None:
    response = problem(NotAuthenticated())
    assert response.data["code"] == "not_authenticated"


def test_unknown_error_is_not_swallowed(db: None) -> None:
    assert problem(ValueError("x")) is None


def test_module_loads_before_the_rest_framework_does() -> None:
    """Its name stands in REST_FRAMEWORK, which rest_framework.views reads on import."""
    program = "import django; django.setup(); import grid.signing"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- what a key asks for besides its secret ----


def call(path: str = "/api/feeds/", *, key: str, **headers: str) -> Any:
    address = headers.pop("address", "10.1.2.3")
    return Client().get(
        path, headers={"Authorization": f"Key {key}"} | headers, REMOTE_ADDR=address
    )


@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("10.1.3.1", 403), ("::ffff:10.1.2.9", 200), ("fd00::1", 403)],
)
def test_key_opens_only_from_its_networks(world: World, address: str, status: int) -> None:
    world.medical.keys.update(allowed_networks=["10.1.2.0/24"])
    assert call(key=world.medical_key, address=address).status_code == status


def test_refused_address_has_its_code_and_leaves_a_trace(world: World) -> None:
    world.medical.keys.update(allowed_networks=["10.1.2.0/24"])
    answer = call(key=world.medical_key, address="10.9.9.9")
    assert answer.json()["code"] == "address_not_allowed"
    entry = AuditEntry.objects.get(verb="refused")
    assert (entry.detail["code"], entry.address) == ("address_not_allowed", "10.9.9.9")


@pytest.mark.parametrize(
    ("hops", "through", "expected"),
    [
        (0, "10.1.2.3", "192.0.2.1"),  # nobody in front: the header is the client's own claim
        (1, "10.1.2.3", "10.1.2.3"),
        (1, "10.1.2.3, 10.7.7.7", "10.7.7.7"),  # the client wrote the left one
        (2, "1.1.1.1, 10.1.2.3, 10.7.7.7", "10.1.2.3"),
        (2, "10.1.2.3", "192.0.2.1"),
        (1, "nonsense", None),
    ],
)
def test_client_address_behind_proxies(
    settings: Any, hops: int, through: str, expected: str | None
) -> None:
    settings.PROXY_HOPS = hops
    request = APIRequestFactory().get(
        "/", headers={"X-Forwarded-For": through}, REMOTE_ADDR="192.0.2.1"
    )
    assert address_of(request) == expected


def test_too_many_requests_in_a_minute_wait(world: World) -> None:
    world.medical.keys.update(per_minute=3)
    with freeze_minute():
        answers = [call(key=world.medical_key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "rate_limited"
    assert 1 <= int(answers[3]["Retry-After"]) <= 60


def test_the_count_begins_anew_with_the_minute(world: World) -> None:
    world.medical.keys.update(per_minute=1)
    key = world.medical.keys.get()
    minute = timezone.now() - timedelta(minutes=1)
    KeyMinute.objects.create(key=key, minute=minute.replace(second=0, microsecond=0), requests=9)
    assert call(key=world.medical_key).status_code == 200


def test_one_key_at_its_limit_leaves_the_others_alone(world: World) -> None:
    world.medical.keys.update(per_minute=1)
    with freeze_minute():
        answers = [call(key=world.medical_key) for _ in range(2)]
    assert answers[1].status_code == 429
    assert call(key=world.education_key).status_code == 200


def test_a_wrong_secret_does_not_use_up_the_key(world: World) -> None:
    prefix = world.medical_key.split(".")[0]
    assert call(key=f"{prefix}.wrong").status_code == 401
    assert not KeyMinute.objects.exists()


@contextmanager
def freeze_minute() -> Iterator[None]:
    """Begins early in a minute, so that no minute ends in between."""
    if (second := timezone.now().second) > 50:
        time.sleep(60.5 - second)
    yield


@pytest.fixture
def signing(world: World) -> str:
    key = DepartmentKey.objects.get(department=world.medical)
    return demand_signature(acting=world.county_officer, key=key)


def signed(secret: str, path: str = "/api/feeds/", **changes: Any) -> dict[str, str]:
    moment = int(time.time()) - changes.pop("ago", 0)
    said = {"method": "GET", "timestamp": str(moment), "nonce": "n" * 16, "body": b""} | changes
    text = text_to_sign(said["method"], path, said["timestamp"], said["nonce"], said["body"])
    return {
        "X-Yizhou-Timestamp": said["timestamp"],
        "X-Yizhou-Nonce": said["nonce"],
        "X-Yizhou-Signature": sign(secret, text),
    }


def test_text_to_sign_is_what_the_guide_says() -> None:
    text = text_to_sign("GET", "/api/feeds/?a=1", "1792570000", "q1w2e3r4t5y6u7i8", b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text.decode() == f"GET\n/api/feeds/?a=1\n1792570000\nq1w2e3r4t5y6u7i8\n{empty}"


def test_signed_request_is_let_in_with_its_query(world: World, signing: str) -> None:
    path = "/api/uploads/?limit=2&feed=a%20b"
    assert call(path, key=world.medical_key, **signed(signing, path)).status_code == 200


def refused_with(world: World, headers: dict[str, str]) -> str:
    answer = call(key=world.medical_key, **headers)
    assert answer.status_code == 401
    return str(answer.json()["code"])


def test_unsigned_request_is_refused(world: World, signing: str) -> None:
    assert refused_with(world, {}) == "signature_required"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "POST"}, "signature_wrong"),
        ({"path": "/api/uploads/"}, "signature_wrong"),
        ({"body": b"x"}, "signature_wrong"),
        ({"ago": 400}, "signature_expired"),
        ({"ago": -400}, "signature_expired"),
        ({"timestamp": "soon"}, "signature_malformed"),
        ({"nonce": "short"}, "signature_malformed"),
    ],
)
def test_wrong_signature_is_refused(
    world: World, signing: str, changes: dict[str, Any], code: str
) -> None:
    assert refused_with(world, signed(signing, **dict(changes))) == code


def test_signature_of_another_secret_is_refused(world: World, signing: str) -> None:
    assert refused_with(world, signed("another")) == "signature_wrong"


def test_signed_request_opens_once(world: World, signing: str) -> None:
    headers = signed(signing)
    assert call(key=world.medical_key, **headers).status_code == 200
    assert refused_with(world, headers) == "signature_replayed"


def test_signed_body_reaches_the_view_unchanged(world: World, signing: str) -> None:
    body = b'{"feed": "medical_settlement", "rows": []}'
    headers = signed(signing, "/api/uploads/", method="POST", body=body)
    answer = Client().post(
        "/api/uploads/",
        body,
        content_type="application/json",
        headers={"Authorization": f"Key {world.medical_key}"} | headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "no_rows")


def test_body_changed_on_the_way_is_refused(world: World, signing: str) -> None:
    headers = signed(signing, "/api/uploads/", method="POST", body=b"{}")
    answer = Client().post(
        "/api/uploads/",
        b"[]",
        content_type="application/json",
        headers={"Authorization": f"Key {world.medical_key}"} | headers,
    )
    assert answer.json()["code"] == "signature_wrong"


def test_nonces_are_forgotten_when_their_time_is_over(world: World, signing: str) -> None:
    call(key=world.medical_key, **signed(signing))
    assert forget_nonces() == 0
    KeyNonce.objects.update(until=timezone.now() - timedelta(minutes=6))
    assert forget_nonces() == 1
