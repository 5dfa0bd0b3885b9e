"""A day's work with the generated client: what a program of the company's own would do.

Every figure and name is of this run alone, so that it can be repeated on the same organization.
"""

import datetime
import os
import uuid
from http import HTTPStatus
from typing import Any, TypeVar

from backoffice_client import AuthenticatedClient, Client
from backoffice_client.api.people import (
    activate_employee,
    create_department,
    create_employee,
    delete_department,
    get_department,
    get_employee,
    list_departments,
    list_employees,
    terminate_employee,
    update_department,
)
from backoffice_client.api.sign_in import login
from backoffice_client.models import (
    Department,
    DepartmentPage,
    EditDepartment,
    Employee,
    EmployeePage,
    LoginRequest,
    NewDepartment,
    NewEmployee,
    Problem,
    SignInProblem,
    TerminateEmployeeRequest,
    TokenPair,
)
from backoffice_client.types import Response

T = TypeVar("T")

URL = os.environ["BACKOFFICE_URL"]
RUN = uuid.uuid4().hex[:8].upper()


def parsed(kind: type[T], response: Response[T | Problem] | Response[T | Problem | SignInProblem], status: HTTPStatus = HTTPStatus.OK) -> T:
    """What was answered, if it is what the contract promises."""
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.content!r}"
    assert isinstance(response.parsed, kind), f"not a {kind.__name__}: {response.content!r}"
    return response.parsed


def refused(code: str, response: Response[Any], status: HTTPStatus) -> None:
    assert response.headers["content-type"].startswith("application/problem+json"), response.headers
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.content!r}"
    assert isinstance(response.parsed, Problem) and response.parsed.code == code, response.content


def logged_in() -> AuthenticatedClient:
    body = LoginRequest(email=os.environ["BACKOFFICE_EMAIL"], password=os.environ["BACKOFFICE_PASSWORD"])
    with Client(base_url=URL) as client:
        return AuthenticatedClient(base_url=URL, token=parsed(TokenPair, login.sync_detailed(client=client, body=body)).access_token)


def main() -> None:
    with Client(base_url=URL, headers={"Authorization": "Bearer nonsense"}) as stranger:
        refused("unauthenticated", list_departments.sync_detailed(client=stranger), HTTPStatus.UNAUTHORIZED)

    with logged_in() as client:
        structure(client)
        people(client)
    print("The Python client did a day's work.")


def structure(client: AuthenticatedClient) -> None:
    """A department is opened, corrected and closed again."""
    parsed(DepartmentPage, list_departments.sync_detailed(client=client))

    wish = NewDepartment(name=f"Night desk {RUN}", code=f"N{RUN}")
    tried = create_department.sync_detailed(client=client, body=wish, dry_run=True)
    nobody = parsed(Department, tried, HTTPStatus.CREATED).id
    assert tried.headers["dry-run"] == "true"
    refused("not-found", get_department.sync_detailed(nobody, client=client), HTTPStatus.NOT_FOUND)

    key = str(uuid.uuid4())
    first = create_department.sync_detailed(client=client, body=wish, idempotency_key=key)
    again = create_department.sync_detailed(client=client, body=wish, idempotency_key=key)
    department = parsed(Department, first, HTTPStatus.CREATED)
    assert parsed(Department, again, HTTPStatus.CREATED).id == department.id
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"].endswith(f"/v1/departments/{department.id}")

    read = get_department.sync_detailed(department.id, client=client)
    assert parsed(Department, read).name == wish.name
    etag = read.headers["etag"]  # nobody can forget it: without if_match the call has no type, and no effect
    change = EditDepartment(name=f"Late desk {RUN}")
    edited = update_department.sync_detailed(department.id, client=client, body=change, if_match=etag)
    late = parsed(Department, edited)
    assert (late.name, late.code, late.version) == (change.name, wish.code, department.version + 1)
    refused(
        "stale-version",
        update_department.sync_detailed(department.id, client=client, body=change, if_match=etag),
        HTTPStatus.PRECONDITION_FAILED,
    )

    gone = delete_department.sync_detailed(department.id, client=client, if_match=edited.headers["etag"])
    assert gone.status_code == HTTPStatus.NO_CONTENT, gone.content
    refused("not-found", get_department.sync_detailed(department.id, client=client), HTTPStatus.NOT_FOUND)


def people(client: AuthenticatedClient) -> None:
    """Three are hired, one of them starts and leaves."""
    team = parsed(
        Department,
        create_department.sync_detailed(client=client, body=NewDepartment(name=f"Counter {RUN}", code=f"C{RUN}")),
        HTTPStatus.CREATED,
    )
    today = datetime.date.today()
    hired = [
        parsed(
            Employee,
            create_employee.sync_detailed(
                client=client,
                body=NewEmployee(
                    employee_number=f"{RUN}-{n}",
                    given_name=name,
                    family_name="Ionescu",
                    department_id=team.id,
                    hired_on=today - datetime.timedelta(days=30),
                ),
            ),
            HTTPStatus.CREATED,
        )
        for n, name in enumerate(("Ana", "Ștefan", "Zoë"))
    ]
    ana = hired[0]
    assert ana.status == "pending" and "activate" in ana.available_actions

    active = parsed(Employee, activate_employee.sync_detailed(ana.id, client=client))
    assert active.status == "active" and "activate" not in active.available_actions
    refused("invalid-state", activate_employee.sync_detailed(ana.id, client=client), HTTPStatus.CONFLICT)

    # Three pages of one, in the order of any list; the filter keeps everyone else out.
    seen: list[str] = []
    page = parsed(EmployeePage, list_employees.sync_detailed(client=client, department_id=team.id, limit=1))
    seen += [one.given_name for one in page.data]
    while page.next_cursor:
        cursor = page.next_cursor
        page = parsed(EmployeePage, list_employees.sync_detailed(client=client, department_id=team.id, limit=1, cursor=cursor))
        seen += [one.given_name for one in page.data]
    assert sorted(seen) == ["Ana", "Zoë", "Ștefan"], seen

    yesterday = today - datetime.timedelta(days=1)
    left = terminate_employee.sync_detailed(ana.id, client=client, body=TerminateEmployeeRequest(last_day=yesterday, reason="Resigned"))
    assert parsed(Employee, left).status == "terminated"
    assert parsed(Employee, get_employee.sync_detailed(ana.id, client=client)).status == "terminated"


if __name__ == "__main__":
    main()
