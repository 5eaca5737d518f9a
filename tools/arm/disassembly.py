"""Loops and their loads and stores, in the disassembly of code for 64-bit Arm.

Code is cut into blocks that branches end; a loop is a path of blocks from one back to itself. Of
each load and store is told whether its address changes from round to round: those of a kernel's
streams do, those of what the compiler put on the stack do not. Standard library only."""
import collections
import functools
import re
import subprocess
import sys

Insn = collections.namedtuple("Insn", "address op operands text")
Access = collections.namedtuple("Access", "store bytes vector moves")
MOST_PATHS = 5000  # in the code for parts of vectors there are more; no hot path is there


def fail(message):
    sys.exit(f"loops.py: {message}")


def output_of(command, text=None):
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}")
    if done.returncode != 0:
        fail(f"{' '.join(command)}:\n{done.stderr}")
    return done.stdout


def disassemble(objdump, path):
    """{function: [Insn]}. Operands are split at the commas outside of brackets and braces."""
    functions, current = {}, []
    for line in output_of([objdump, "-d", "--no-show-raw-insn", path]).splitlines():
        if head := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            current = functions.setdefault(head[1], [])
        elif found := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line):
            text = re.sub(r"\s*(//|;).*", "", found[3])
            operands = re.findall(r"(?:\[[^\]]*\]!?|\{[^}]*\}(?:\[\d+\])?|[^,\[{])+", text)
            current.append(Insn(int(found[1], 16), found[2], tuple(o.strip() for o in operands),
                                f"{found[2]} {text}"))
    return functions


def codes_of(functions, name):
    """The function and what the compiler split from it (NAME.part.0). One that is but a jump to
    another is that other: the compiler found their code to be the same."""
    code = [insn for insn in functions.get(name, []) if insn.op != "nop"]
    if len(code) == 1 and code[0].op == "b":
        return codes_of(functions, re.search(r"<([^>+]+)", code[0].text)[1])
    return [c for other, c in functions.items() if other == name or other.startswith(name + ".")]


def branch_target(insn):
    found = re.match(r"(?:b|b\.\w+|cbn?z|tbn?z) (?:.*\s)?(?:0x)?([0-9a-f]+) <", insn.text)
    return int(found[1], 16) if found else None


def blocks_of(code):
    """{address: (instructions, addresses of the blocks that can follow)}."""
    places = {insn.address for insn in code}
    starts = {code[0].address} | {branch_target(i) for i in code} & places
    starts |= {b.address for a, b in zip(code, code[1:])
               if branch_target(a) or a.op in ("ret", "br")}
    blocks, before = {}, None
    for insn in code:
        if insn.address in starts:
            if before and before.op not in ("b", "ret", "br"):
                follow.append(insn.address)
            blocks[insn.address] = insns, follow = [], []
        insns.append(insn)
        if branch_target(insn) in places:
            follow.append(branch_target(insn))
        before = insn
    return blocks


def paths(blocks, start, end, allowed):
    """The ways from a block to another, as instructions, that meet no block twice; allowed: whether
    to go on, by the instructions so far and the block that they end with."""
    stack, left = [([start], blocks[start][0])], MOST_PATHS
    while stack and (left := left - 1):
        seen, insns = stack.pop()
        if allowed(insns, seen[-1]):
            for after in blocks[seen[-1]][1]:
                if after == end:
                    yield insns
                elif after in blocks and after not in seen:
                    stack.append((seen + [after], insns + blocks[after][0]))


def inner_loops(blocks):
    """(address, path) of the loops that have no other inside."""
    back = [(to, start) for start, (_, follow) in blocks.items() for to in follow if to <= start]
    for first, last in back:
        if not any(first <= to and at <= last for to, at in back if (to, at) != (first, last)):
            ways = paths(blocks, first, first, lambda _, at, f=first, l=last: f <= at <= l)
            yield first, max(ways, key=lambda way: sum(a.vector for a in accesses(way)), default=[])


def vector_registers(operand):
    """Bytes of each register, or lane, that the operand of a load or store names."""
    if found := re.match(r"\{\s*v(\d+)\.(\d*)([bhsd])(?:.*v(\d+)\.)?.*\}(\[\d+\])?", operand):
        count = (int(found[4] or found[1]) - int(found[1])) % 32 + 1
        lanes = 1 if found[5] else int(found[2])
        return count * [lanes * {"b": 1, "h": 2, "s": 4, "d": 8}[found[3]]]
    return [{"q": 16, "d": 8, "s": 4}[operand[0]]] if re.match(r"[qds]\d", operand) else []


def integer_registers(operands):
    return {f"x{number}" for number in re.findall(r"\b[wx](\d+)\b", " ".join(operands))}


@functools.cache
def effects_of(insn):
    """What happens to integer registers, [(register, those that its value comes from)], and the
    operand that is an address of memory."""
    place = next((i for i, o in enumerate(insn.operands) if o.startswith("[")), None)
    if place is None:
        kept = re.match("cmp|cmn|tst|ccm|cb|tb|b", insn.op) or not insn.operands
        return [] if kept else [(d, integer_registers(insn.operands[1:]))
                                for d in integer_registers(insn.operands[:1])], None
    address = insn.operands[place]
    loaded = integer_registers(insn.operands[:place]) if insn.op.startswith("ld") else ()
    changed = [(register, integer_registers([address])) for register in loaded]
    if address.endswith("!") or place + 1 < len(insn.operands):
        changed += [(base, {base}) for base in integer_registers([address[:4]])]
    return changed, address


def accesses(body):
    """The loads and stores, register by register, of a path that is run again and again. A register
    changes from round to round if it is made of one that does, or of itself before all else."""
    first = {}
    for register, sources in (change for insn in body for change in effects_of(insn)[0]):
        first.setdefault(register, register in sources)
    moving = {register for register, itself in first.items() if itself}
    versions, seen, found = collections.Counter(), set(), []
    for insn in body * 2:  # what the end of a round makes is known at the next one's start
        changed, address = effects_of(insn)
        if address and re.match("ld|st", insn.op):
            registers, store = integer_registers([address]), insn.op.startswith("st")
            sizes = [size for o in insn.operands for size in vector_registers(o)]
            offset = int((re.search(r"#(-?\w+)", address) or (0, "0"))[1], 0)
            base = re.sub(r",? ?#.*", "", address.strip("[]!")), sum(versions[r] for r in registers)
            for i, size in enumerate(sizes or [8]):
                place = *base, offset + i * size
                found.append(Access(store, size, bool(sizes), bool(registers & moving)
                                    and (store or place not in seen)))
                seen.add(place)
        for register, sources in changed:
            versions[register] += 1
            (moving.add if sources & moving else moving.discard)(register)
    return found[len(found) // 2:]
