"""Who is next, and which agent it goes to: users take turns, weights share, and nobody fails twice in one place."""

from __future__ import annotations

from collections import Counter

from harness import Agent, Api, JSON, ok


def batch(api: Api, agent: Agent, count: int) -> None:
    api.post("/tasks/batch", {"tasks": [{"type": "test.task", "agent_id": agent.id} for _ in range(count)]})


def test_a_flood_of_one_user_does_not_starve_another(api: Api) -> None:
    """The agent is paused while everybody queues, so that the order is ours and no race's."""
    ada, bob = api.as_user("ada"), api.as_user("bob")
    agent = api.agent(max_concurrency=2, paused=True)
    for _ in range(20):
        batch(ada, agent, 100)
    tasks = [bob.task(agent) for _ in range(10)]
    api.call("PATCH", f"/agents/{agent.id}", {"paused": False}, expect=200)
    for task in tasks:
        bob.wait(task, "completed")
    ids = {task["id"] for task in tasks}
    calls = agent.calls()
    last = max(place for place, call in enumerate(calls) if call["body"]["task_id"] in ids)
    assert last < 2 * len(tasks) + 4, f"bob's last task was call {last}"
    assert len(ada.pages("/tasks", agent=agent.id)) == 2000 and not ids & {task["id"] for task in ada.pages("/tasks")}


def test_three_users_share_a_rate_limit_evenly(api: Api) -> None:
    users = [api.as_user(name) for name in ("ann", "ben", "cho")]
    agent = api.agent(rate_limit={"per_second": 50, "burst": 1}, paused=True)
    owners: dict[str, int] = {}
    for place, user in enumerate(users):
        batch(user, agent, (90, 30, 60)[place])
        owners |= {task["id"]: place for task in user.pages("/tasks", agent=agent.id)}
    api.call("PATCH", f"/agents/{agent.id}", {"paused": False}, expect=200)
    order = [owners[call["body"]["task_id"]] for call in agent.called(90)][:90]
    assert all(abs(count - 30) <= 1 for count in Counter(order).values()), Counter(order)


def test_weights_are_shares(api: Api) -> None:
    word = api.name("work")
    small, large = api.agent(capabilities=[word]), api.agent(capabilities=[word], weight=3)
    for _ in range(40):
        api.wait(api.task(capability=word), "completed")
    assert abs(len(large.calls()) - 30) <= 3, (len(small.calls()), len(large.calls()))


def test_a_retry_goes_to_another_agent_than_the_one_that_failed(api: Api) -> None:
    word = api.name("work")
    bad = api.agent(503, capabilities=[word])
    good = api.agent(ok(), capabilities=[word])
    ended: list[JSON] = []
    for _ in range(4):
        ended.append(api.wait(api.task(capability=word, retry_policy={"max_attempts": 3, "base_delay_ms": 10}), "completed"))
    assert bad.calls() and len(good.calls()) == 4
    for task in ended:
        agents = [attempt["agent_id"] for attempt in api.attempts(task)]
        assert agents.count(good.id) == 1 and agents.count(bad.id) <= 1, agents


def test_a_paused_agent_gets_nothing_while_another_has_the_capability(api: Api) -> None:
    word = api.name("work")
    paused, other = api.agent(capabilities=[word], paused=True), api.agent(capabilities=[word])
    for _ in range(6):
        api.wait(api.task(capability=word), "completed")
    assert not paused.calls() and len(other.calls()) == 6
