"""Who carries out errands in a process that works from the slow queue: imports, pictures, files, backups."""

import secrets
import time

from maskarad.analytics.drawing import Drawing
from maskarad.analytics.orders import KIND as PICTURE
from maskarad.analytics.painter import Painter
from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.assembly.telegram import Telegram
from maskarad.backup.errand import BackingUp, made_apart
from maskarad.backup.orders import KIND as BACKUP
from maskarad.controls.exporting import KIND as FILE
from maskarad.controls.handing_over import HandingOver
from maskarad.jobs.errands import Errands
from maskarad.jobs.held import Lane
from maskarad.manager.carrying_in import Means
from maskarad.manager.errands import LOOK, STORE
from maskarad.manager.exports import Exports
from maskarad.manager.looks import Looks
from maskarad.manager.stores import Stores

FILES_OF_IMPORTS = "imports"
"""Folder in DATA_DIR in which imports keep the files that they are reading."""

IMPORTS_AT_ONCE = 2
"""In one process: each reads a file in a thread of its own. Pictures and files are made one after another."""


def build_errands(ground: Ground, telegram: Telegram, memory: Memory, painter: Painter) -> Errands:
    return Errands(
        ground.database,
        (
            _imports(ground, telegram),
            Lane({PICTURE: _drawing(ground, telegram, memory, painter)}, most=1),
            Lane({FILE: HandingOver(ground.database, memory.dossiers.of, telegram.sender, ground.texts)}, most=1),
            Lane({BACKUP: _backing_up(ground, telegram)}, most=1),
        ),
        clock=ground.clock,
        failed=ground.metrics.error,
    )


def _imports(ground: Ground, telegram: Telegram) -> Lane:
    settings = ground.settings
    exports = Exports(
        telegram.edge.files.fetch, settings.data_dir / FILES_OF_IMPORTS, new_name=lambda: secrets.token_hex(16)
    )
    means = Means(ground.database, telegram.sender, exports, ground.texts, ground.clock)
    looks = Looks(means, accounts=ground.snapshots.accounts.get, asked=telegram.background)
    stores = Stores(means, time_zone=settings.time_zone)
    return Lane({LOOK: looks, STORE: stores}, most=IMPORTS_AT_ONCE, greets=True)


def _backing_up(ground: Ground, telegram: Telegram) -> BackingUp:
    make, failed = made_apart(ground.settings), ground.metrics.backup_failures.inc
    return BackingUp(make, telegram.sender, ground.texts, failed=failed)


def _drawing(ground: Ground, telegram: Telegram, memory: Memory, painter: Painter) -> Drawing:
    return Drawing(
        ground.database,
        painter.draw,
        telegram.sender,
        ground.texts,
        accounts=ground.snapshots.accounts.get,
        learn=memory.learn,
        noted=ground.metrics.picture,
        clock=ground.clock,
        stopwatch=time.monotonic,
        zone=ground.settings.time_zone,
    )
