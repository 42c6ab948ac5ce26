#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads what the parts of a check say, holds it against what they promised, and
prints one numbered TAP line for each result of the whole run.

  tap.py boot    --results F --kernel NAME --expect A,B --console LOG [--kunit A,B]  <output of vm/run --raw
  tap.py lines   --results F --group NAME      <TAP lines of a script, then `== status N`
  tap.py case    --results F NAME STATUS [LOG]         one result, from an exit status; --skip REASON
  tap.py found   --results F LOG               what has failed, the first words of the console log LOG first
  tap.py finish  --results F --skips FILE [--quick]    the last line, and the verdict
  tap.py console LOG                                   only looks through a console log

F collects the results of the run, one JSON object a line: kernel, name, status, reason.
"""
import argparse
import fnmatch
import itertools
import json
import os
import re
import sys

RESULT = re.compile(r'^(?P<bad>not )?ok\b(?: +(?P<n>\d+))?(?: +-)? *(?P<name>[^#]*?) *(?:# *(?P<note>.*))?$')
PLAN = re.compile(r'^1\.\.(\d+)')

# What a sound kernel never says at loglevel 5. Some of these set no taint.
COMPLAINTS = re.compile(r'''
    ^cannot\ read\ | \bWARNING: | \bBUG: | \bBUG\b.*at | \bKASAN\b | \bKCSAN\b | \bUBSAN\b | \bkmemleak: .* | Oops
    | general\ protection | Kernel\ panic | Call\ Trace | cut\ here
    | suspicious\ RCU | possible\ (recursive|circular|irq|deadlock) | inconsistent\ lock | lock\ held
    | held\ lock | bad\ unlock | Invalid\ wait\ context | sleeping\ function | scheduling\ while\ atomic
    | ODEBUG | refcount_t | list_(add|del)\ corruption | usercopy: | Bad\ page | Bad\ rss-counter
    | Objects\ remaining | blocked\ for\ more\ than | soft\ lockup | hard\ LOCKUP | rcu:.*stall | detected\ stall
    | workqueue\ lockup | page\ allocation\ failure | non-zero\ pgtables | Slab\ .*(corrupt|wrong)
    | \btrap\b.*\bin\ (ld|libc) | DEBUG_LOCKS_WARN | MAX_LOCK.*too\ low | BUG_ON | unregister_netdevice
    | \bcapmsg(_\w+)?:\ ''', re.X)
# Words of the kernel about an unsigned module from outside its tree; our own marks.
HARMLESS = re.compile(r'''loading\ out-of-tree\ module | module\ verification\ failed | capmsg-vm:
    | kmemleak:\ (Kernel\ memory\ leak\ detector\ initialized|Automatic\ memory\ scanning|Cannot\ insert)
    # What a busy host makes a virtual machine say.
    | clocksource | hrtimer:\ interrupt | perf:\ interrupt | tsc: | TSC\ found\ unstable | Unstable\ clock | trace_clock
    | sched:.*(replenish|throttling)
    | random:\  | Speculative\ Return\ Stack\ Overflow | kasan:\ KernelAddressSanitizer\ initialized''', re.X)
# What the kernel says when it kills oom_test, which is there to be killed.
KILLING = re.compile(r'\] oom_test invoked oom-killer: ')
KILLED = re.compile(r'Memory cgroup out of memory: Killed process \d+ \(oom_test\)')


def read(path):
    try:
        with open(path, errors='replace') as f:
            return [line.rstrip('\r\n') for line in f]
    except OSError as e:
        return [f'cannot read {path}: {e}']


def complaints(lines):
    """Indices of the lines that should not be; once the tests have begun, of all lines but the harmless."""
    begun, killing, bad = False, False, []
    for i, line in enumerate(lines):
        begun = begun or 'capmsg-vm: begin' in line
        killing = killing or KILLING.search(line)
        strange = COMPLAINTS.search(line.replace('Call Trace:', '') if killing else line)
        if (strange or begun and line and not killing) and not HARMLESS.search(line) and not KILLED.search(line):
            bad.append(i)
        killing = killing and not KILLED.search(line) and 'capmsg-vm: begin' not in line
    return bad


class Run:
    """The results of a run so far; N counts through all of them."""

    def __init__(self, path):
        self.path = path
        self.kernel = '-'
        self.count = len(self.results())

    def results(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return [json.loads(line) for line in f]

    def add(self, name, status, reason='', details=()):
        self.count += 1
        name = re.sub(r'\s+', '_', name)
        with open(self.path, 'a') as f:
            f.write(json.dumps(dict(kernel=self.kernel, name=name, status=status, reason=reason)) + '\n')
        line = f'{"not ok" if status == "fail" else "ok"} {self.count} - {name}'
        if status == 'skip':
            line += f' # SKIP {reason}'
        elif reason:
            line += f' # {reason}'
        print(line)
        if status == 'fail':
            for detail, same in itertools.groupby(details):
                print(detail if detail.startswith('#') else f'# {detail}')
                if (more := len(list(same)) - 1):
                    print(f'# ... {more} times more')
        sys.stdout.flush()

    def failed(self):
        return any(r['status'] == 'fail' for r in self.results())


class Program:
    """The TAP of one program, held against its plan."""

    def __init__(self, run, suite):
        self.run, self.suite = run, suite
        self.plan, self.seen, self.recent, self.names = None, 0, [], set()
        self.skip_all = None

    def line(self, line):
        if (m := PLAN.match(line)):
            if self.plan is not None:
                self.fail('plan', 'two plans')
            self.plan = int(m[1])
            if self.plan == 0 and 'SKIP' in line:
                self.skip_all = line.partition('SKIP')[2].strip()
        elif (m := RESULT.match(line)):
            self.result(m)
        elif line:
            self.recent.append(line)
            del self.recent[:-400]

    def result(self, m):
        self.seen += 1
        name = (m['name'] or f'case{self.seen}').removeprefix('global.').removeprefix(f'{self.suite}.')
        note = (m['note'] or '').strip()
        if m['n'] and int(m['n']) != self.seen:
            self.recent.append(f'result {self.seen} has the number {m["n"]}')
        if name in self.names:
            self.fail(name, 'a second result of that name')
        self.names.add(name)
        if m['bad']:
            self.fail(name, note)
        elif note.upper().startswith('SKIP'):
            self.run.add(f'{self.suite}.{name}', 'skip', note[4:].strip(' :') or 'no reason given')
        elif note.upper().startswith(('XFAIL', 'XPASS', 'TODO')):
            self.fail(name, f'{note}: not used here')
        else:
            self.run.add(f'{self.suite}.{name}', 'pass')
        self.recent = []

    def fail(self, name, reason):
        self.run.add(f'{self.suite}.{name}', 'fail', reason, self.recent)
        self.recent = []

    def end(self, status):
        """status: the program's exit status, or None if the machine ended first."""
        if status is None:
            return self.fail('end', f'ended early, with {self.seen} of {self.plan} results')
        if self.skip_all is not None and not self.seen:
            return self.run.add(f'{self.suite}.all', 'skip', self.skip_all)
        if not self.plan:
            self.fail('plan', 'no plan, or an empty one')
        elif self.plan != self.seen:
            self.fail('plan', f'{self.seen} of {self.plan} results, status {status}')
        elif status == 137:
            self.fail('end', 'killed: took too long')
        elif status not in (0, 1, 4) or (status == 1 and not self.run.failed()):
            self.fail('end', f'exit status {status}')


class Kunit:
    """The results files of debugfs: nested KTAP, suites at the left margin."""

    def __init__(self, run, wanted):
        self.run, self.wanted, self.lines = run, wanted, []

    def line(self, line):
        self.lines.append(line)

    def end(self, status):
        suites = self.suites()
        if status is None:
            self.run.add('kunit.end', 'fail', 'ended early')
        for name in self.wanted:
            if name not in suites:
                self.run.add(f'{name}.run', 'fail', 'the suite did not run')

    def suites(self):
        names, suite, plan, recent, cases = [], None, None, [], []
        for line in self.lines:
            depth, text = len(line) - len(line.lstrip()), line.strip()
            m = RESULT.match(text)
            if depth == 4 and text.startswith('# Subtest: '):
                suite, plan, cases, recent = text[11:], None, [], []
            elif depth == 4 and PLAN.match(text):
                plan = int(PLAN.match(text)[1])
            elif depth == 4 and m:
                cases.append((m, recent))
                recent = []
            elif depth == 0 and m:
                names.append(m['name'])
                self.suite(m, suite, plan, cases)
                suite, plan, cases = None, None, []
            else:
                recent.append(line)
        if suite:
            names.append(suite)
            self.suite(None, suite, plan, cases)
        return names

    def suite(self, m, name, plan, cases):
        for case, recent in cases:
            note = case['note'] or ''
            if case['bad']:
                self.run.add(f'{name}.{case["name"]}', 'fail', note, recent)
            elif note.startswith('SKIP'):
                self.run.add(f'{name}.{case["name"]}', 'skip', note[4:].strip())
            else:
                self.run.add(f'{name}.{case["name"]}', 'pass')
        if not m or m['name'] != name or not plan or plan != len(cases):
            self.run.add(f'{name or m["name"]}.plan', 'fail', f'{len(cases)} of {plan} cases ran')
        elif m['bad'] and not any(case['bad'] for case, _ in cases):
            self.run.add(f'{name}.suite', 'fail', 'the suite failed outside its cases')


def boot(args):
    run = Run(args.results)
    before = run.count
    run.kernel = args.kernel
    expected = [name for name in args.expect.split(',') if name]
    kunit = args.kunit.split(',') if args.kunit is not None else []
    program, done, verdict, loose, ran = None, False, None, [], []
    for line in sys.stdin.buffer:
        line = line.decode(errors='replace').rstrip('\r\n')
        word = line.split()
        if line.startswith('# kernel: ') and not program:
            run.kernel = f'{word[2]}{args.label}'
            print(line, flush=True)
        elif line.startswith('== begin '):
            program = Kunit(run, kunit) if word[2] == 'kunit' else Program(run, word[2])
            ran.append(word[2])
        elif line.startswith('== end ') and program:
            program.end(int(word[3]))
            program = None
            if len(word) > 4 and int(word[4]) >= 15:
                print(f'# {word[2]} took {word[4]} s')
        elif line == '== done':
            done = True
        elif line.startswith('== vm end '):
            verdict = line[10:]
        elif program:
            program.line(line)
        elif line:
            loose.append(line)
    if program:
        program.end(None)
    for name in expected + ['vm'] + (['kunit'] if kunit else []):
        if name not in ran:
            run.add(f'{name}.run', 'fail', 'did not run')
    console = read(args.console)
    bad = complaints(console)
    shown = console[bad[0]:][:120] if bad else []
    before_it = [line for line in console[:bad[0]] if 'capmsg-vm:' in line][-1:] if bad else []
    run.add('vm.console', 'fail' if bad else 'pass', '', before_it + shown)
    fine = done and verdict and verdict.endswith(', passed')
    run.add('vm.end', 'pass' if fine else 'fail', '' if fine else verdict or 'no verdict',
            [*loose, *([] if bad else console[-60:])])
    failed = [r for r in run.results()[before:] if r['status'] == 'fail']
    if failed and fine and not bad:
        for line in console[-25:]:
            print(f'# console: {line}')
    print(f'# {verdict}: {run.count - before} results, {len(failed)} failed')
    return bool(failed)


def lines(args):
    run = Run(args.results)
    before = run.count
    recent, seen, ended = [], False, 'none'
    for line in sys.stdin:
        line = line.rstrip('\n')
        if (m := RESULT.match(line)):
            note, seen = m['note'] or '', True
            status = 'fail' if m['bad'] else 'skip' if note.upper().startswith('SKIP') else 'pass'
            run.add(m['name'], status, note[4:].strip() if status == 'skip' else note, recent)
            recent = []
        elif line.startswith('== status '):
            ended = line[10:]
        elif line.startswith('# '):  # more about the last result, or the next
            print(line, flush=True)
        elif not PLAN.match(line):
            recent.append(line)
            del recent[:-200]
    failed = any(r['status'] == 'fail' for r in run.results()[before:])
    for line in recent if failed else []:
        print(f'# {line}')
    if not seen or (ended != '0' and not failed):
        run.add(f'{args.group}.end', 'fail', f'exit status {ended}' if seen else 'printed no result', recent)
    return 0


STAMP = re.compile(r'^\[[ .\d]*\] ?')
FRAME = re.compile(r'\s*(-+\[ cut here \]-+|[-=]*)\s*')


def found(args):
    lines_ = read(args.log)
    said = [STAMP.sub('', lines_[i]) for i in complaints(lines_)]
    if said:
        print('vm.console: ' + next((line for line in said if not FRAME.fullmatch(line)), said[0]).strip())
    for name in [r['name'] for r in Run(args.results).results() if r['status'] == 'fail']:
        if name != 'vm.console':
            print(name)
    return 0


def case(args):
    good = args.status == '0'
    if args.skip:
        Run(args.results).add(args.name, 'skip', args.skip)
        return 0
    Run(args.results).add(args.name, 'pass' if good else 'fail', '' if good else f'status {args.status}',
                          read(args.log)[-60:] if args.log and not good else [])
    return not good


def finish(args):
    run = Run(args.results)
    results = run.results()
    kernels = {r['kernel'] for r in results}
    skips = [(r['kernel'], r['name']) for r in results if r['status'] == 'skip']
    allowed, wrong = set(), []
    for line in read(args.skips):
        if not line.strip() or line.startswith('#'):
            continue
        pattern, name, reason = (line.split(None, 2) + ['', ''])[:3]
        if not reason:
            wrong.append(f'no reason: {line}')
        matching = [k for k in kernels if fnmatch.fnmatch(k, pattern)]
        if not matching and not args.quick:
            wrong.append(f'no kernel ran that matches: {line}')
        for kernel in matching:
            allowed.add((kernel, name))
            if (kernel, name) not in skips:
                wrong.append(f'listed, but {name} was not skipped on {kernel}')
    wrong += [f'skipped but not listed: {name} on {kernel}' for kernel, name in skips if (kernel, name) not in allowed]
    run.add('skips.listed', 'fail' if wrong else 'pass', '', wrong)
    count = {s: sum(r['status'] == s for r in run.results()) for s in ('pass', 'fail', 'skip')}
    bad = [f'{r["name"]} ({r["kernel"]})' for r in run.results() if r['status'] == 'fail']
    if bad:
        print('# failed: ' + ', '.join(bad))
    print(f'{count["pass"]} passed, {count["fail"]} failed, {count["skip"]} skipped')
    return bool(bad) or not count['pass']


def console(args):
    lines_ = read(args.log)
    bad = complaints(lines_)
    for line in lines_[bad[0]:][:80] if bad else []:
        print(f'# console: {line}')
    return bool(bad)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(required=True)

    def command(function, *options, **kw):
        p = sub.add_parser(function.__name__)
        p.set_defaults(function=function)
        if function is not console:
            p.add_argument('--results', required=True)
        for option in options:
            p.add_argument(*([option] if isinstance(option, str) else option[0]),
                           **({} if isinstance(option, str) else option[1]))

    flag = {'action': 'store_true'}
    command(boot, (['--kernel'], {'required': True}), (['--label'], {'default': ''}), (['--expect'], {'default': ''}),
            (['--console'], {'required': True}), (['--kunit'], {}))
    command(lines, (['--group'], {'required': True}))
    command(case, 'name', 'status', (['log'], {'nargs': '?'}), (['--skip'], {}))
    command(found, 'log')
    command(finish, (['--skips'], {'required': True}), (['--quick'], flag))
    command(console, 'log')
    args = parser.parse_args()
    return int(args.function(args))


if __name__ == '__main__':
    sys.exit(main())
