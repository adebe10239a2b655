"""Machines sign in with a key; refusals look the same to them every time."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from grid.models import DepartmentKey
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
