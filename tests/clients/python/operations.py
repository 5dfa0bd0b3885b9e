"""Every operation of the contract is a module of the generated client that can be called."""

import importlib
import json
import pkgutil
import sys
from typing import Any

import backoffice_client.api

METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        contract: dict[str, Any] = json.load(file)
    promised = {
        operation["operationId"]
        for path in contract["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    }
    generated = {
        module.name.rsplit(".", 1)[1]: module.name
        for module in pkgutil.walk_packages(backoffice_client.api.__path__, "backoffice_client.api.")
        if not module.ispkg
    }
    if promised != generated.keys():
        sys.exit(f"Not in both the contract and the client: {sorted(promised ^ generated.keys())}")
    for name in generated.values():
        module = importlib.import_module(name)
        if not callable(getattr(module, "sync_detailed", None)):
            sys.exit(f"{name} can't be called.")
    print(f"The Python client has all {len(generated)} operations.")


if __name__ == "__main__":
    main()
