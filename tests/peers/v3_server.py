"""A server that connexion makes of our description of v3: its paths, its checks, its examples. Usage: PORT USER PASSWORD

It answers an import with the example that has its id; each answer is held against the description before it is sent.
"""

import json
import pathlib
import sys

import connexion
import uvicorn
from connexion.exceptions import OAuthProblem

DESCRIPTION = pathlib.Path(__file__).with_name("v3.openapi.json")

port, user, password = sys.argv[1:]
description = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
operation = description["paths"]["/contacts/v3/import/{importId}"]["get"]
answer = operation["responses"]["200"]["content"]["application/json"]
imports = {example["value"]["importId"]: example["value"] for example in answer["examples"].values()}


def import_result(importId):
    found = imports.get(importId.lower())
    if found is None:
        words = f"The import request '{importId}' could not be found!"
        return {"errorCode": "contacts:importNotFound", "description": words}, 404
    return found, 200


def check(given_user, given_password, required_scopes=None):
    return {"sub": user} if (given_user, given_password) == (user, password) else None


def unauthorized(request, error):
    return connexion.lifecycle.ConnexionResponse(status_code=401)


def refused(request, error):
    body = json.dumps({"errorCode": "contacts:invalidId", "description": "The id value is invalid."})
    return connexion.lifecycle.ConnexionResponse(status_code=400, content_type="application/json", body=body)


description["components"]["securitySchemes"]["basic"]["x-basicInfoFunc"] = "__main__.check"
handlers = {"import_result": import_result}

app = connexion.AsyncApp(__name__)
app.add_error_handler(OAuthProblem, unauthorized)
app.add_error_handler(connexion.exceptions.BadRequestProblem, refused)
app.add_api(
    description,
    resolver=connexion.Resolver(handlers.__getitem__),
    strict_validation=True,
    validate_responses=True,
)
uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
