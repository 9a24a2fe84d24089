"""Proves the suite: the reference passes all cases, each mutant is caught by a case of the clause
that it breaks and by no other, and each case catches a mutant."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer

from .. import cases
from ..api import Subject
from ..cases import Case
from ..outcomes import Outcome, Result
from ..runner import Runner
from ..targets import Ability, TargetError
from . import mutants, proof
from .launcher import ReferenceLauncher
from .mutants import Mutant
from .proof import Proof, Trial

Tell = Callable[[str], None]
_FAILED = (Outcome.FAIL, Outcome.WARNING)
_LEFT_OUT = (Outcome.NOT_JUDGED, Outcome.NOT_SUPPORTED)
# Cases at a time on one mutant.
_PARALLEL = 4
# A mutant whose own cases take as long on the reference waits most of its time.
_WAITING_SECONDS = 2.0
# Cases that took longer on the reference, or launch and build something of their own, are run on the
# mutants of their own clause only: they would take an hour on all of them.
_QUICK_SECONDS = 0.1
_COSTLY = {Ability.LAUNCH, Ability.SIGNALS, Ability.BUILD, Ability.SOURCE, Ability.SCRIPTS}


def prove(
    names: Collection[str] = (),
    jobs: int = 0,
    tell: Tell = lambda line: None,
    one_in: int = 1,
) -> Proof:
    """Tries the mutants *names* (all where none is named), *jobs* at a time. Of the cases of other clauses, which must
    not fail on a mutant, each one gets *one_in* so many, and the next one others."""
    began = time.monotonic()
    chosen = [found for name, found in mutants.load().items() if not names or name in names]
    reference = _judge_reference()
    judged = [result for result in reference if result.outcome not in _LEFT_OUT]
    tell(f"reference: {len(judged)} cases in {time.monotonic() - began:.0f} s")
    quick = [r.case.id for r in judged if _is_quick(r)]
    known = frozenset(result.case.id for result in judged)
    trials = []
    with ProcessPoolExecutor(
        jobs or _at_a_time(), mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        running = [
            pool.submit(attempt, found.name, known, share(quick, place, one_in))
            for place, found in enumerate(_mixed(chosen, judged))
        ]
        try:
            for done in as_completed(running):
                trial = done.result()
                trials.append(trial)
                tell(_told(trial))
        except BaseException:
            # Those that run are waited for, so that no mutant outlives the proof.
            pool.shutdown(cancel_futures=True)
            raise
    order = {found.name: place for place, found in enumerate(chosen)}
    return Proof(
        judged=tuple(result.case.id for result in judged),
        exempt=tuple(r.case.id for r in reference if _is_exempt(r)),
        failed=tuple(r.case.id for r in reference if _is_wrong(r)),
        trials=tuple(sorted(trials, key=lambda trial: order[trial.mutant])),
        seconds=time.monotonic() - began,
        partial=bool(names),
    )


def share(quick: Sequence[str], place: int, one_in: int) -> frozenset[str]:
    """Of the cases *quick* those for the mutant at *place*: *one_in* so many in a row meet each case once."""
    return frozenset(quick[place % one_in :: one_in])


def _at_a_time() -> int:
    """More than there are processors: most of all trials' time is waiting."""
    return (os.cpu_count() or 1) * 3


def _mixed(chosen: Sequence[Mutant], judged: Sequence[Result]) -> list[Mutant]:
    """The order to try them in: mutants whose cases mostly wait and those that keep a processor busy in
    turns, what takes longest first, so that it doesn't run alone at the end."""

    def own_seconds(mutant: Mutant) -> float:
        return sum(result.seconds for result in judged if _breaks(mutant, result.case))

    ordered = sorted(chosen, key=own_seconds, reverse=True)
    waiting = [mutant for mutant in ordered if own_seconds(mutant) >= _WAITING_SECONDS]
    busy = ordered[len(waiting) :]
    share = len(busy) // (len(waiting) or 1)
    mixed: list[Mutant] = []
    for place, mutant in enumerate(waiting):
        mixed += [mutant, *busy[place * share : (place + 1) * share]]
    return mixed + busy[len(waiting) * share :]


def _is_quick(result: Result) -> bool:
    costly = result.case.alone or result.case.launch or _COSTLY & result.case.needs
    return result.seconds <= _QUICK_SECONDS and not costly


def _is_exempt(result: Result) -> bool:
    return result.outcome in _LEFT_OUT and Ability.CONTAINER in result.case.needs


def _is_wrong(result: Result) -> bool:
    """Not passed, though the reference could have shown it."""
    return result.outcome is not Outcome.PASS and not _is_exempt(result)


def attempt(name: str, judged: Collection[str], quick: Collection[str]) -> Trial:
    """The suite on one mutant: of the cases *judged* those of its own clauses, and of other clauses
    those that are *quick*."""
    began = time.monotonic()
    mutant = mutants.load()[name]
    own = [case for case in cases.load() if case.id in judged and _breaks(mutant, case)]
    others = [
        case
        for case in cases.load()
        if case.id in quick and not mutant.total and not _breaks(mutant, case)
    ]
    try:
        results = _judge(name, own, others, parallel=1 if mutant.crossing else _PARALLEL)
    except TargetError as error:
        return _trial(mutant, [], [str(error)], began)
    return _trial(mutant, results, [], began)


def _trial(mutant: Mutant, results: Sequence[Result], problems: list[str], began: float) -> Trial:
    failed = [result for result in results if result.outcome in _FAILED]
    allowed = {*mutant.clauses, *mutant.also}
    errors = [
        f"{result.case.id} broke down: {result.mismatches[-1]}"
        for result in results
        if result.outcome is Outcome.ERROR and not mutant.total
    ]
    return Trial(
        mutant=mutant.name,
        clauses=mutant.clauses,
        told=mutant.told,
        defect=mutant.defect,
        caught=tuple(r.case.id for r in failed if _breaks(mutant, r.case)),
        strayed=tuple(
            r.case.id for r in failed if r.case.clause.number not in allowed and not r.flaky
        ),
        problems=(*problems, *errors),
        ran=len(results),
        seconds=time.monotonic() - began,
    )


def _breaks(mutant: Mutant, case: Case) -> bool:
    return case.clause.number in mutant.clauses


def _judge_reference() -> Sequence[Result]:
    """All cases on the reference, as on any target; TargetError where it can't be had."""
    launcher = ReferenceLauncher()
    report = Runner(launcher, cases.load(), Subject(launcher).declared).run()
    if report.problems:
        raise TargetError("\n".join(report.problems))
    return report.results


def _judge(name: str, own: Sequence[Case], others: Sequence[Case], parallel: int) -> list[Result]:
    """The results on the mutant *name*: *own* cases are to fail, and are believed if they do; of *others* that fail it
    must be sure."""
    chosen = [*own, *others]
    believed = {case.id for case in own}
    launcher = ReferenceLauncher(name)
    runner = Runner(launcher, chosen, Subject(launcher).declared)

    def judge(case: Case) -> Result:
        return runner.judge(case, again=case.id not in believed)

    try:
        launcher.prepare()
        with ThreadPoolExecutor(parallel) as pool:
            groups = _groups(chosen)
            results = [r for found in pool.map(lambda g: [*map(judge, g)], groups) for r in found]
        with ThreadPoolExecutor(parallel) as pool:
            results += pool.map(judge, [case for case in chosen if case.quiet])
        results += [judge(case) for case in chosen if case.alone and not case.quiet]
    finally:
        launcher.close()
    return sorted(results, key=lambda result: result.case.sort_key)


def _groups(chosen: Sequence[Case]) -> list[list[Case]]:
    """What may overlap: all cases that share the usual server, but of those that share another one
    only one at a time, since they fill it."""
    usual: list[list[Case]] = []
    others: dict[tuple[tuple[str, str], ...], list[Case]] = defaultdict(list)
    for case in chosen:
        if case.launch and not case.alone:
            others[tuple(sorted(case.launch.items()))].append(case)
        elif not case.alone:
            usual.append([case])
    return [*others.values(), *usual]


def _told(trial: Trial) -> str:
    caught = ", ".join(trial.caught) or "SURVIVES"
    strayed = f"; also fails {', '.join(trial.strayed)}" if trial.strayed else ""
    return f"{trial.mutant} ({', '.join(trial.clauses)}): {caught}{strayed} [{trial.seconds:.1f} s]"


def command(
    mutant: Annotated[
        list[str] | None, typer.Option(help="Only this mutant (may be given again).")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Mutants at a time (0: three for each processor).")
    ] = 0,
    one_in: Annotated[
        int,
        typer.Option(
            min=1,
            help="Of the cases of other clauses, none of which may fail, each mutant gets one in so many.",
        ),
    ] = 1,
    report: Annotated[Path | None, typer.Option(help="File for the proof as JSON.")] = None,
    coverage: Annotated[
        Path | None, typer.Option(help="File for the table of clauses, cases and mutants.")
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Show the mutants and run none.")
    ] = False,
) -> None:
    """Prove the suite: the reference passes, and each broken copy of it is caught."""
    if list_only:
        for found in mutants.load().values():
            typer.echo(f"{found.name:<45} {', '.join(found.clauses):<12} {found.told}")
        return
    unknown = set(mutant or ()) - mutants.load().keys()
    if unknown:
        raise typer.BadParameter(f"no mutant is called {', '.join(sorted(unknown))}: see --list")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    found_out = prove(mutant or (), jobs, typer.echo, one_in)
    for path, text in (
        (report, json.dumps(proof.document(found_out), indent=1) + "\n"),
        (coverage, proof.markdown(found_out)),
    ):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for line in proof.summary(found_out):
        typer.echo(line)
    raise typer.Exit(1 if found_out.problems else 0)


if __name__ == "__main__":
    typer.run(command)
