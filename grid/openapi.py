"""What is true of every operation of the OpenAPI document, said in one place."""

from typing import Any

PROBLEM = "application/problem+json"
SHAPE = {"$ref": "#/components/schemas/Problem"}
OF_EVERY_KEY = {
    "401": "没有密钥，密钥不对、已过期或已停用，签名不对",
    "403": "没有权限，或来源地址没有登记",
    "413": "签名的请求正文太大",
    "429": "这个密钥的请求太频繁，请等 Retry-After 秒",
}
METHODS = {"get", "post", "put", "patch", "delete"}


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Errors are problem+json; what a key itself may meet belongs to every operation."""
    if "Problem" not in result.get("components", {}).get("schemas", {}):
        return result
    for methods in result["paths"].values():
        for method in METHODS & set(methods):
            _describe(methods[method]["responses"])
    return result


def _describe(responses: dict[str, Any]) -> None:
    for status, description in OF_EVERY_KEY.items():
        responses.setdefault(status, {"description": description})
    for status, response in responses.items():
        if status >= "400":
            content = response.get("content", {}).get("application/json", {"schema": SHAPE})
            response["content"] = {PROBLEM: content}
    wait = {"schema": {"type": "integer"}, "description": "等多少秒"}
    responses["429"].setdefault("headers", {})["Retry-After"] = wait
