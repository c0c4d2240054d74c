"""Rules about repository agents, which change a model before it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


@rule(Severity.ERROR, about=("model_repository_agents",))
def agents_without_agent(model: Model) -> Iterator[Problem]:
    """A repository agents block names no agent, and the server process dies.

    (core repo_agent.cc:TritonRepoAgentManager::CreateAgent; SIGSEGV on 24.10.)

    Bad:

        model_repository_agents { }

    Good:

        model_repository_agents { agents [ { name: "checksum" } ] }
    """
    if model.config.has("model_repository_agents") and not model.config.model_repository_agents.agents:
        yield Problem(
            at=("model_repository_agents",),
            message="kills the server: model_repository_agents names no agent",
            help="leave the block out, or name an agent",
        )


@rule(Severity.ERROR, about=("model_repository_agents",))
def agent_without_name(model: Model) -> Iterator[Problem]:
    """A repository agent has no name.

    (core repo_agent.cc:TritonRepoAgentManager::CreateAgent.)

    Server says:

        unable to find 'libtritonrepoagent_

    Bad:

        model_repository_agents { agents [ { } ] }

    Good:

        model_repository_agents { agents [ { name: "checksum" } ] }
    """
    for i, agent in enumerate(model.config.model_repository_agents.agents):
        if not agent.name:
            yield Problem(
                at=("model_repository_agents", "agents", i), message=f"agent {i} has no name", help="name the agent"
            )
