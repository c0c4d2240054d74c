"""Every check of this machine, in the order in which they are shown."""

from __future__ import annotations

from triton_kit.doctor.checks import (
    clock,
    compute,
    confinement,
    daemon,
    directories,
    driver,
    engine,
    gpu,
    image,
    leftovers,
    limits,
    memory,
    packages,
    ports,
    proxy,
    repository,
    server,
    shm,
    toolkit,
)
from triton_kit.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    Check(name="engine", look=engine.look),
    Check(name="daemon", look=daemon.look),
    Check(name="image", look=image.look),
    Check(name="gpu", look=gpu.look),
    Check(name="driver", look=driver.look),
    Check(name="compute", look=compute.look),
    Check(name="toolkit", look=toolkit.look),
    Check(name="server", look=server.look, fix=server.fix),
    Check(name="packages", look=packages.look),
    Check(name="ports", look=ports.look),
    Check(name="shm", look=shm.look),
    Check(name="memory", look=memory.look),
    Check(name="limits", look=limits.look),
    Check(name="confinement", look=confinement.look),
    Check(name="proxy", look=proxy.look),
    Check(name="clock", look=clock.look),
    Check(name="directories", look=directories.look, fix=directories.fix),
    Check(name="leftovers", look=leftovers.look, fix=leftovers.fix),
    Check(name="repository", look=repository.look),
)
