# SPDX-License-Identifier: MIT
"""fifolock.py - locks in gdb, of a live process or of a core file.

    (gdb) source fifolock.py
    (gdb) print lock
    $1 = held: 1 exclusive, 2 in line
    (gdb) fifolock-line lock
    fifolock 0x4040a0: held: 1 exclusive, 2 in line
      #0 shared, thread 2 asleep
      #1 exclusive, may leave, callback on_grant

The first needs the program's debug information. The second does with an address, but needs the
library's symbols to find the requests in line: it must not be stripped. Nothing is called in the
process, and nothing is written to it.

Of the debug build it says, too, who holds: which thread, since when, and where it took the lock.

It knows by heart what is private to the library: fifolock_t, fifolock_modes_t and
fifolock_stats_t (include/fifolock), fifolock_request_t, and in src struct fl_slot and the bits of
its word (core/queue.h), the flags of the state word and of mode tables (core/word.h), where slots
are (core/pool.c), the debug build's records (observe/debug/cells.h, records.h, records.c). All of
it is for 64 bits. tests/checks/gdb.sh notices what changes there.

What it asks gdb in words it asks in C, whatever the language of the program, and with decimal
numbers: see plainly. What the user writes is taken as the user's language has it.
"""

import contextlib
import functools
import re
import struct
import time

import gdb
import gdb.printing

SHOWN = 64

# word.h
QUEUED, SCANNING, RESCAN = 1 << 63, 1 << 62, 1 << 61
MAX_MODES = 16
COUNTED = 2
STATS = 99  # where a counted table says which fifolock_stats_t it is of
COUNT = 100

# lock.h
CLOSED = 1 << 31
MET = 1 << 11

# queue.h
ASLEEP, LEFT = 1, 8
LEAVES, AHEAD, CALLS, RUNS, DATED = 1, 2, 4, 8, 32
UNSURE = 1 << 31

# role.h: in the note of a slot, beside the lock's address
ROLES, FIRST_ROLE = 7, 2

# park.h
SINCE_SHIFT = 20

# pool.c
CHUNK_FIRST = 64

LOCK = 'QQIIIIQ'
FIELDS = 'word', 'arrivals', 'control', 'departed', 'head', 'dequeued', 'modes'
TABLE = 'II2Q64Q16I16Q2QIIQ'  # fifolock_modes_t
SLOT = '8I4BI3Q'
REQUEST = '4Q4IQ'
CELL = 'Q4I'
HOLD = '6QIHBB16s'

# modes.c: the table of a lock of zero bytes, for programs that have no symbol for it.
SHARED_EXCLUSIVE = (
    (1, 0x1fffffffe, 0x200000001, 1), (2, 2, 0x200000001, 0x3fffffffe)), (
    'exclusive', 'shared')


def order():
    """Of bytes, as struct writes it."""
    return '>' if 'big' in gdb.execute('show endian', to_string=True) else '<'


def size(form):
    return struct.calcsize('<' + form)


def peek(address, form):
    """What is at an address."""
    memory = gdb.selected_inferior().read_memory(address, size(form))
    return struct.unpack(order() + form, bytes(memory))


def peek_pointer(address):
    return peek(address, 'Q')[0]


def peek_text(address, most=200):
    """A string, byte by byte: what is behind it may not be there."""
    text = b''
    while len(text) < most and peek(address + len(text), 'B')[0]:
        text += bytes(peek(address + len(text), 'B'))
    return text.decode(errors='replace')


@contextlib.contextmanager
def plainly():
    """gdb understands C and decimal numbers, and afterwards what it did before."""
    def setting(name, value):
        gdb.execute('set %s %s' % (name, value), to_string=True)

    language, radix = gdb.parameter('language'), gdb.parameter('input-radix')
    try:
        setting('language', 'c')
        setting('input-radix', '0xa')  # 10 would be read in the radix that is set
        yield
    finally:
        setting('input-radix', '0x%x' % radix)
        setting('language', language)


def spoken_plainly(function):
    @functools.wraps(function)
    def wrapped(*arguments, **named):
        with plainly():
            return function(*arguments, **named)
    return wrapped


@spoken_plainly
def symbol(address, begins=True):
    """The name of what begins, or is, at an address, and where that is, or ('', '')."""
    text = gdb.execute('info symbol %d' % address, to_string=True)
    name, found, where = text.partition(' in section ')
    inside = begins and re.search(r' \+ \d+$', name)
    return (name, where) if found and not inside else ('', '')


@spoken_plainly
def address_of(name):
    """Of a global variable, as C writes it; None: there is no such symbol."""
    try:
        return int(gdb.parse_and_eval('(unsigned long)&' + name))
    except gdb.error:
        return None


@spoken_plainly
def addresses_listed(name):
    """Of all variables of that name that have no debug information, in any library."""
    listed = gdb.execute('info variables ^%s$' % name, to_string=True)
    return [int(address, 16) for address in
            re.findall(r'^(0x[0-9a-f]+)\s+%s$' % name, listed, re.MULTILINE)]


def name_of(function):
    return symbol(function)[0] or '0x%x' % function


class Pool:
    """Slots by their id: see fl_slot_at. There may be several copies of the library."""

    def __init__(self):
        self.found = [pool for pool in (address_of("'pool.c'::chunks"), address_of('chunks'))
                      if is_pool(pool)]

    def pools(self):
        """Those that are named in no time, then all there are."""
        yield from self.found
        more = [pool for pool in addresses_listed('chunks') if is_pool(pool)]
        self.found += more
        yield from more
        if not self.found:
            raise gdb.GdbError(
                'the requests in line cannot be seen without the symbols of the library')

    def at(self, number):
        place = number + CHUNK_FIRST - 1
        chunk = place.bit_length() - CHUNK_FIRST.bit_length()
        for pool in self.pools():
            base = peek_pointer(pool + 8 * chunk)
            address = base + size(SLOT) * (place - (CHUNK_FIRST << chunk))
            slot = Slot(address) if base else None
            if slot and slot.id == number:
                return slot
        raise gdb.GdbError('slot %d is damaged, or this script is of another '
                           'version than the library' % number)


def is_pool(address):
    """The first of its chunks is called chunk_zero."""
    try:
        return bool(address) and symbol(peek_pointer(address))[0] == 'chunk_zero'
    except gdb.MemoryError:
        return False


class Slot:
    """One request: see struct fl_slot."""

    def __init__(self, address):
        (self.word, self.id, self.older, self.hint, self.newer, self.stack_next, self.ticket,
         self.weight, self.mode, self.origin, self.how, _, self.since, self.call, self.ctx,
         self.note) = peek(address, SLOT)
        self.older &= ~UNSURE
        self.address = address

    def keeps(self, lock):
        """Does the role of that lock's scanner rest with it?"""
        return self.note & ~ROLES == lock and self.note & ROLES >= FIRST_ROLE


class Table:
    """A mode table, with or without counters: see word.h and stats.c."""

    def __init__(self, address):
        if not address:
            self.be_default()
            return
        _, flags, *rest = peek(address, TABLE)
        self.count = rest[COUNT]
        if self.count > MAX_MODES:
            raise gdb.GdbError('this is no lock, or has not been initialised')
        self.rows = [rest[2 + 4 * m:6 + 4 * m] for m in range(self.count)]
        self.names = [peek_text(name) if name else '' for name in rest[82:82 + self.count]]
        name = peek_pointer(rest[STATS] + size(TABLE)) if flags & COUNTED else 0
        self.name = peek_text(name) if name else ''

    def be_default(self):
        self.rows, self.names = SHARED_EXCLUSIVE
        self.count, self.name = len(self.rows), ''

    def holds(self, mode, word):
        unit, _, _, field = self.rows[mode]
        return (word & field) // unit

    def mode(self, mode):
        return mode < self.count and self.names[mode] or 'mode %d' % mode


class Lock:
    def __init__(self, address, values):
        self.address = address
        for field, value in zip(FIELDS, values):
            setattr(self, field, value)
        self.table = Table(self.modes)
        self.kept = self.keeper()

    def keeper(self):
        """Whose slot keeps the role of the scanner, at the bottom of the chain; None: no thread's."""
        if self.word & (QUEUED | SCANNING | RESCAN) != QUEUED | RESCAN:
            return None
        pool, number = Pool(), self.arrivals & 0xffffffff
        while number:
            slot = pool.at(number)
            if slot.keeps(self.address):
                return slot
            number = slot.older
        return None

    def waiting(self):
        return (self.arrivals >> 32) - (self.kept.stack_next if self.kept else self.dequeued) & 0xffffffff

    def state(self):
        """Its first line, as fifolock_dump has it."""
        if self.table.count == 0:
            return 'destroyed'
        held = ['%d %s' % (self.table.holds(m, self.word), self.table.mode(m))
                for m in range(self.table.count) if self.table.holds(m, self.word)]
        return '%s, %d in line%s' % (
            'held: ' + ', '.join(held) if held else 'not held', self.waiting(),
            ', closed' if self.control & CLOSED else '')

    def behind(self, pool, slot):
        """The next one in the chain: as it says itself, or found from the newest down."""
        if slot.hint and pool.at(slot.hint).older == slot.id:
            return pool.at(slot.hint)
        number = self.arrivals & 0xffffffff
        while number and number != slot.id:
            found = pool.at(number)
            number = found.older
            if number == slot.id:
                return found
        return None

    def chain(self, pool):
        """Those that hold nothing, the oldest first, with those that come before them."""
        number = self.head
        slot = self.kept or (number and pool.at(number)) or None
        if not slot:
            number = self.arrivals & 0xffffffff
            while number:
                slot = pool.at(number)
                number = slot.older
        while slot:
            yield slot
            if slot.how & AHEAD and slot is not self.kept:
                slot = pool.at(slot.newer) if slot.newer else None
            else:
                slot = self.behind(pool, slot)

    def in_order(self):
        """All of them, or so many that the first SHOWN are right."""
        pool, slots = Pool(), []
        if not self.waiting():
            return slots
        for slot in self.chain(pool):
            if self.kept and slot.id in (self.kept.id, self.kept.newer):
                continue  # it holds, or its section is run
            slots.append(slot)
            if len(slots) >= min(SHOWN, self.waiting()):
                break
        return slots


class Hold:
    """A record of the debug build: see struct fl_hold."""

    def __init__(self, count, words):
        (self.lock, _, _, self.since, self.call, self.at, self.tid, self.mode, *_) = words
        self.count = count

    def place(self):
        """In the source, if that is known."""
        name = symbol(self.at, begins=False)[0] or '0x%x' % self.at
        line = gdb.find_pc_line(self.at)
        return name + (' in %s:%d' % (line.symtab.filename, line.line) if line.symtab else '')


def holds_of(address):
    """By their lock; none but in the debug build."""
    buckets, cells = address_of('hold_buckets'), address_of('hold_cells')
    if not buckets or not cells:
        return
    bucket = (address * 0x9e3779b97f4a7c15 & (1 << 64) - 1) >> 48
    words, = peek(cells, 'I')
    number, = peek(buckets + 4 * bucket, 'I')
    while number:
        place = number + CHUNK_FIRST - 1
        chunk = place.bit_length() - CHUNK_FIRST.bit_length()
        cell = peek_pointer(cells + 16 + 8 * chunk)
        cell += (size(CELL) + 8 * words) * (place - (CHUNK_FIRST << chunk))
        state, number, *_ = peek(cell, CELL)
        hold = Hold(state & 0xffffffff, peek(cell + size(CELL), HOLD))
        if hold.count and not state >> 32 & 1 and hold.lock == address:
            yield hold


def show_holds(address, table, now):
    names = {thread.ptid[1]: 'thread %d' % thread.num
             for thread in gdb.selected_inferior().threads()}
    for hold in holds_of(address):
        age = ', for %.3f s' % (max(now - hold.since, 0) / 1e9) if now else ''
        print('  %s holds %d %s%s, since %s at %s' % (
            names.get(hold.tid, 'thread with the number %d' % hold.tid), hold.count,
            table.mode(hold.mode), age, peek_text(hold.call), hold.place()))


class Sleepers:
    """Which thread sleeps on which address: that of its system call, a futex."""

    REGISTERS = (('rdi', 'rsi'), ('x0', 'x1'))
    WAITS = (0, 9)  # FUTEX_WAIT, FUTEX_WAIT_BITSET

    def __init__(self):
        self.threads = {}
        selected = gdb.selected_thread()
        if not selected:
            return
        frame = gdb.selected_frame() if selected.is_stopped() else None
        for thread in gdb.selected_inferior().threads():
            if thread.is_stopped():
                thread.switch()
                self.look_at(thread, gdb.newest_frame())
        selected.switch()
        if frame:
            frame.select()

    def look_at(self, thread, frame):
        for address, operation in self.REGISTERS:
            try:
                if int(frame.read_register(operation)) & 0x7f in self.WAITS:
                    where = int(frame.read_register(address)) & (1 << 64) - 1
                    self.threads[where] = thread.num
                return
            except (ValueError, gdb.error):
                pass  # another processor's

    def on(self, slot):
        return self.threads.get(slot.address)


def section_later(slot):
    """The section of a fifolock_section_t, or 0. What calls back there is the library's own,
    and what stands behind the request is a function."""
    _, _, done, ctx = peek(slot.ctx, REQUEST)[:4]
    name, where = symbol(done)
    if ctx != slot.ctx or name != 'section_done' or where != symbol(slot.call)[1]:
        return 0
    section = peek_pointer(slot.ctx + size(REQUEST))
    return section if '.text' in symbol(section)[1] else 0


def whom(slot, sleepers):
    """What its grant does: call back, run a section, wake a thread; and which thread waits."""
    if slot.how & CALLS:
        section = section_later(slot)
        if section:
            return 'section ' + name_of(section)
        return 'callback ' + name_of(peek(slot.ctx, REQUEST)[2])
    asleep = slot.word & ASLEEP
    thread = sleepers.on(slot) if asleep else None
    text = 'thread %s%s' % ('%d ' % thread if thread else '',
                            'asleep' if asleep else 'awake')
    if slot.how & RUNS:
        return 'section %s, %s' % (name_of(slot.call), text)
    if slot.how & DATED:
        return 'request, ' + text if asleep else 'request'
    return text


def clock():
    """What slots count by, or None: only a process on this machine has its clock."""
    connection = getattr(gdb.selected_inferior(), 'connection', None)
    if getattr(connection, 'type', None) != 'native':
        return None
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def describe(table, slot, now):
    """As fifolock_dump has it."""
    origin = table.mode(slot.origin) + ' -> ' if slot.how & AHEAD else ''
    weight = ' x %d' % slot.weight if slot.weight != 1 else ''
    age, leave = '', ''
    if now and slot.since:
        age = ', for %.3f s' % ((((now >> SINCE_SHIFT) - slot.since & 0xffffffff) << SINCE_SHIFT) / 1e9)
    if slot.word & LEFT:
        leave = ', leaving'
    elif slot.how & LEAVES:
        leave = ', may leave'
    return '#%d %s%s%s%s%s' % (slot.ticket, origin, table.mode(slot.mode), weight, age,
                               leave)


def show(address):
    lock = Lock(address, peek(address, LOCK))
    name = ' ' + lock.table.name if lock.table.name else ''
    print('fifolock 0x%x%s: %s' % (address, name, lock.state()))
    if lock.word & SCANNING:
        print('  a thread is granting at this moment; some may have left the line already')
    if lock.control & MET and lock.table.count:
        show_holds(address, lock.table, clock())
    if lock.table.count == 0 or not lock.waiting():
        return
    slots = lock.in_order()[:SHOWN]
    sleepers, now = Sleepers(), clock()
    for slot in slots:
        print('  %s, %s' % (describe(lock.table, slot, now), whom(slot, sleepers)))
    if lock.waiting() > len(slots):
        print('  and %d more' % (lock.waiting() - len(slots)))


class LockPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            place = self.value.address
            lock = Lock(int(place) if place is not None else 0,
                        [int(self.value[field]) for field in FIELDS])
        except (gdb.GdbError, gdb.error) as error:
            return str(error)
        name = lock.table.name
        return (name + ': ' if name else '') + lock.state()


def places_in(value):
    """Where the lock may be that a value is, points to or is the address of, and whether its type
    says so. By the size: another language has its own name for it."""
    kind = value.type.strip_typedefs()
    if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        value = value.referenced_value()
        kind = value.type.strip_typedefs()
    if kind.sizeof == size(LOCK) and value.address is not None:
        return int(value.address), True
    if kind.code not in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_INT):
        raise gdb.error('This is not a fifolock_t in memory.')
    points = kind.code == gdb.TYPE_CODE_PTR
    return int(value) & (1 << 64) - 1, points and kind.target().sizeof == size(LOCK)


def evaluate(text):
    """In the program's language, or in C, as fifolock_dump and this script print addresses."""
    places, errors = [], []
    for context in contextlib.nullcontext, plainly:
        try:
            with context():
                places.append(places_in(gdb.parse_and_eval(text)))
        except gdb.error as error:
            errors.append(error)
    if not places:
        raise errors[0]
    return max(places, key=lambda place: place[1])[0]  # the first of those that are as good


class LineCommand(gdb.Command):
    """Print a fifolock_t: the threads that hold it and the requests in line, from the head on.

fifolock-line EXPRESSION: a lock, a pointer to one, or an address."""

    def __init__(self):
        super().__init__('fifolock-line', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError('Which lock? ' + self.__doc__.splitlines()[-1])
        try:
            show(evaluate(argument.strip()))
        except gdb.error as error:
            raise gdb.GdbError(str(error))


def register():
    printers = gdb.printing.RegexpCollectionPrettyPrinter('fifolock')
    printers.add_printer('fifolock_t', '^fifolock_object$', LockPrinter)
    gdb.printing.register_pretty_printer(gdb.current_objfile(), printers, replace=True)


LineCommand()
register()
