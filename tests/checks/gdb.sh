#!/bin/sh
# SPDX-License-Identifier: MIT
# What gdb says of locks (src/observe/gdb/fifolock.py), in a live process and in a core file. Lines are
# as fifolock_dump prints them, with the threads that wait behind.
# CHECKED_LIB, if set, is the debug build as an archive: there gdb names the holders, too.
# usage: gdb.sh SOURCE_DIR LIBRARY_DIR CC...		77: cannot be tested here
set -eu
source=$1 lib=$2
shift 2
skip() { echo "skipped: $*"; exit 77; }
command -v gdb >/dev/null || skip "there is no gdb"
gdb --batch -nx -ex 'python print("it has")' 2>&1 | grep -q '^it has$' ||
	skip "gdb has no Python"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/subject.c" <<'C'
#include <dirent.h>
#include <fifolock/inspect.h>
#include <fifolock/request.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define CROWD 250

static fifolock_stats_t stats;
static fifolock_modes_t pairs;
fifolock_t nobody;
static fifolock_t closed, destroyed, one, line, arrivals, crowd;
static fifolock_request_t requests[CROWD], weak, polled, late[4];
static fifolock_section_t later;
static volatile bool gate, inside;

/* The library has one of that name, too. */
static void section_done(void *ctx, int status)
{
	(void)ctx;
	(void)status;
}

static void count(void *arg)
{
	(void)arg;
}

static void *asks(void *lock)
{
	fifolock_lock(lock, FIFOLOCK_EXCLUSIVE);
	return NULL;
}

static void *runs(void *lock)
{
	fifolock_run(lock, FIFOLOCK_EXCLUSIVE, count, NULL);
	return NULL;
}

static void *asks_for_an_hour(void *lock)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += 3600;
	(void)!fifolock_timedlock(lock, FIFOLOCK_SHARED, &deadline);
	return NULL;
}

static void *converts(void *lock)
{
	(void)!fifolock_convert(lock, FIFOLOCK_UPDATE, FIFOLOCK_EXCLUSIVE);
	return NULL;
}

static void *converts_pairs(void *lock)
{
	(void)!fifolock_convert(lock, 0, 1);
	return NULL;
}

static void *cancels(void *request)
{
	(void)!fifolock_request_cancel(request);
	return NULL;
}

/* At most two, and who grants while the gate is shut stays in here. */
static bool compatible(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	while (gate) {
		inside = true;
		sched_yield();
	}
	return holds[0] + holds[1] + mode < 2;
}

static void begin(void *(*run)(void *), fifolock_t *lock)
{
	uint32_t before = fifolock_waiting(lock);
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, lock) != 0)
		_Exit(2);
	while (fifolock_waiting(lock) == before)
		sched_yield();
}

static void request(fifolock_t *lock, unsigned mode, uint32_t n,
		    fifolock_request_t *request, void (*done)(void *, int))
{
	(void)!fifolock_request(lock, mode, n, request, done, request);
}

/* How many threads sleep? All but the first do so on their slots. */
static unsigned sleepers(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	unsigned n = 0;

	while ((task = readdir(tasks))) {
		char path[300], text[200];
		FILE *stat;

		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task->d_name);
		stat = fopen(path, "r");
		if (stat && fgets(text, sizeof(text), stat))
			n += strstr(text, ") S ") != NULL;
		if (stat)
			fclose(stat);
	}
	closedir(tasks);
	return n;
}

static void fill_line(void)
{
	fifolock_stats_init(&stats, "cache", &fifolock_update_modes);
	fifolock_modes_owner_checked(&stats.modes, false);
	fifolock_init(&line, &stats.modes);
	fifolock_lock_n(&line, FIFOLOCK_SHARED, 2);
	fifolock_lock(&line, FIFOLOCK_UPDATE);
	begin(asks, &line);
	request(&line, FIFOLOCK_SHARED, 3, &weak, section_done);
	begin(runs, &line);
	begin(asks_for_an_hour, &line);
	request(&line, FIFOLOCK_UPDATE, 1, &polled, NULL);
	(void)!fifolock_run_async(&line, FIFOLOCK_EXCLUSIVE, &later, count, NULL, NULL, NULL);
	begin(converts, &line);
	while (sleepers() != 4)
		sched_yield();
}

/* One leaves and one comes while a thread is granting, because another has left before. */
static void fill_arrivals(void)
{
	pthread_t thread;

	fifolock_modes_predicate(&pairs, 2, 8, compatible, NULL);
	fifolock_init(&arrivals, &pairs);
	fifolock_lock_n(&arrivals, 0, 2);
	begin(asks, &arrivals);
	request(&arrivals, 0, 2, &late[0], section_done);
	request(&arrivals, 0, 1, &late[1], section_done);
	request(&arrivals, 0, 1, &late[3], section_done);
	begin(converts_pairs, &arrivals);
	while (sleepers() != 6)
		sched_yield();
	gate = true;
	if (pthread_create(&thread, NULL, cancels, &late[3]) != 0)
		_Exit(2);
	while (!inside)
		sched_yield();
	(void)!fifolock_request_cancel(&late[1]);
	request(&arrivals, 0, 2, &late[2], NULL);
}

void ready(void)
{
}

int main(int argc, char **argv)
{
	FILE *dump = fopen(argv[argc - 1], "w");

	fill_line();
	fill_arrivals();
	fifolock_close(&closed);
	fifolock_destroy(&destroyed);
	fifolock_lock(&one, FIFOLOCK_EXCLUSIVE);
	request(&one, FIFOLOCK_SHARED, 1, &requests[0], section_done);
	fifolock_lock(&crowd, FIFOLOCK_SHARED);
	for (unsigned i = 1; i < CROWD; i++)
		request(&crowd, FIFOLOCK_EXCLUSIVE, 1, &requests[i], section_done);
	(void)!fifolock_request_cancel(&requests[1]);
	fifolock_dump(&line, dump);
	fclose(dump);
	ready();
	return 0;
}
C
"$@" -std=gnu11 -g -O0 -Wall -Wextra -Werror -I"$source/include" "$dir/subject.c" \
	-o "$dir/subject" -L"$lib" -lfifolock -pthread

cat >"$dir/look" <<'GDB'
echo ---\n
print nobody
print closed
print destroyed
print line
print later.request.lock
print *later.request.lock
fifolock-line line
fifolock-line &arrivals
fifolock-line (long)&one
fifolock-line crowd
GDB
cat >"$dir/live" <<GDB
set pagination off
set disable-randomization off
set env LD_LIBRARY_PATH $lib
set env FIFOLOCK_SPIN_COUNT 0
set env FIFOLOCK_YIELD_COUNT 0
source $source/src/observe/gdb/fifolock.py
break ready
run $dir/dumped
generate-core-file $dir/core
source $dir/look
GDB
cat >"$dir/dead" <<GDB
source $source/src/observe/gdb/fifolock.py
source $dir/look
GDB

# The same whatever language gdb speaks, in what radix it reads, how wide it writes.
for language in c c++ rust ada d fortran pascal modula-2 go asm minimal objective-c opencl; do
	cat <<GDB
set language $language
echo == $language\n
python print(gdb.lookup_global_symbol('nobody').value().format_string())
fifolock-line line
fifolock-line &arrivals
fifolock-line (fifolock_t *)&one
python print(gdb.parameter('language') == '$language')
GDB
done >"$dir/spoken"
cat >"$dir/tongues" <<GDB
source $source/src/observe/gdb/fifolock.py
echo ---\n
source $dir/spoken
set language auto
set input-radix 16
set width 20
echo == auto\n
python print(gdb.lookup_global_symbol('nobody').value().format_string())
fifolock-line line
fifolock-line &arrivals
fifolock-line (fifolock_t *)&one
python print(gdb.parameter('language') == 'auto' and gdb.parameter('input-radix') == 16)
GDB

# What is after the mark, with numbers of this run made the same.
said() {
	sed '1,/^---$/d; / holds [0-9]/d; s/0x[0-9a-f]*/0x/; s/, for [0-9.]* s//' "$1"
}

gdb --batch -nx -x "$dir/live" "$dir/subject" >"$dir/live.out" 2>&1 </dev/null || :
grep -q 'ptrace: \|Could not trace' "$dir/live.out" && skip "gdb may not trace here"
gdb --batch -nx -x "$dir/dead" "$dir/subject" "$dir/core" >"$dir/dead.out" 2>&1 \
	</dev/null || :

gdb --batch -nx -x "$dir/tongues" "$dir/subject" "$dir/core" \
	>"$dir/tongues.out" 2>&1 </dev/null || :

cat >"$dir/wanted" <<'TEXT'
$1 = not held, 0 in line
$2 = not held, 0 in line, closed
$3 = destroyed
$4 = cache: held: 2 shared, 1 update, 7 in line
$5 = (fifolock_t *) 0x <line>
$6 = cache: held: 2 shared, 1 update, 7 in line
fifolock 0x cache: held: 2 shared, 1 update, 7 in line
  #6 update -> exclusive, thread 5 asleep
  #0 exclusive, thread 2 asleep
  #1 shared x 3, may leave, callback section_done
  #2 exclusive, section count, thread 3 asleep
  #3 shared, may leave, thread 4 asleep
  #4 update, may leave, request
  #5 exclusive, may leave, section count
fifolock 0x: held: 2 mode 0, 5 in line
  a thread is granting at this moment; some may have left the line already
  #4 mode 0 -> mode 1, thread 7 asleep
  #0 mode 0, thread 6 asleep
  #1 mode 0 x 2, may leave, callback section_done
  #2 mode 0, leaving, callback section_done
  #5 mode 0 x 2, may leave, request
fifolock 0x: held: 1 exclusive, 1 in line
  #0 shared, may leave, callback section_done
fifolock 0x: held: 1 shared, 248 in line
TEXT
for ticket in $(seq 64); do
	echo "  #$ticket exclusive, may leave, callback section_done"
done >>"$dir/wanted"
echo "  and 184 more" >>"$dir/wanted"

# A core file may number the threads otherwise.
any() { sed "s/thread [0-9][0-9]* /thread N /"; }

said "$dir/live.out" >"$dir/live.said"
said "$dir/dead.out" | any >"$dir/dead.said"
diff "$dir/wanted" "$dir/live.said" || { echo "of a live process"; cat "$dir/live.out"; exit 1; }
any <"$dir/wanted" | diff - "$dir/dead.said" || { echo "of a core"; cat "$dir/dead.out"; exit 1; }

# The library's own account.
sed '/ holds [0-9]/d; s/0x[0-9a-f]*/0x/; s/, for [0-9.]* s//' "$dir/dumped" >"$dir/dumped.said"
sed -E '1,6d; s/, (thread|section|callback|request).*//; /^fifolock 0x: /,$d' "$dir/live.said" |
	diff "$dir/dumped.said" - || { echo "of fifolock_dump"; exit 1; }

# Each language's part is C's.
said "$dir/tongues.out" | sed '/^Warning: /d; s/^\$[0-9]* = //' >"$dir/tongues.said"
of() { awk -v of="== $1" '/^== / { on = $0 == of; next } on' "$dir/tongues.said"; }
of c >"$dir/of_c"
[ "$(grep -c '^fifolock 0x' "$dir/of_c")" = 3 ] && grep -q True "$dir/of_c" ||
	{ echo "in C"; cat "$dir/tongues.out"; exit 1; }
for language in $(sed -n 's/^== //p' "$dir/tongues.said"); do
	of "$language" | diff "$dir/of_c" - || { echo "in $language"; exit 1; }
done
[ "$(grep -c '^== ' "$dir/tongues.said")" = 14 ] || { cat "$dir/tongues.out"; exit 1; }

# A program that has the library inside, and one whose library is stripped.
cat >"$dir/brief" <<GDB
set pagination off
set env LD_LIBRARY_PATH $dir
source $source/src/observe/gdb/fifolock.py
break ready
run $dir/dumped
echo ---\n
print nobody
fifolock-line &one
GDB
cat >"$dir/brief_wanted" <<'TEXT'
$1 = not held, 0 in line
fifolock 0x: held: 1 exclusive, 1 in line
  #0 shared, may leave, callback section_done
TEXT
"$@" -static -std=gnu11 -g -O0 -I"$source/include" "$dir/subject.c" -o "$dir/within" \
	"$lib/libfifolock.a" -pthread
gdb --batch -nx -x "$dir/brief" "$dir/within" >"$dir/within.out" 2>&1 </dev/null || :
said "$dir/within.out" | diff "$dir/brief_wanted" - || { echo "statically"; cat "$dir/within.out"; exit 1; }

strip -o "$dir/libfifolock.so.0" "$lib/libfifolock.so.0"
gdb --batch -nx -x "$dir/brief" "$dir/subject" >"$dir/strip.out" 2>&1 </dev/null || :
{
	sed '$d' "$dir/brief_wanted"
	echo 'the requests in line cannot be seen without the symbols of the library'
} >"$dir/strip_wanted"
said "$dir/strip.out" | grep -v 'Error in sourced' | diff "$dir/strip_wanted" - ||
	{ echo "stripped"; cat "$dir/strip.out"; exit 1; }

# The holders: in the debug build, whatever the language.
[ -n "${CHECKED_LIB-}" ] || exit 0
"$@" -std=gnu11 -g -O0 -I"$source/include" "$dir/subject.c" -o "$dir/checked" \
	"$CHECKED_LIB" -pthread
cat >>"$dir/brief" <<'GDB'
set language ada
fifolock-line line
GDB
gdb --batch -nx -x "$dir/brief" "$dir/checked" >"$dir/checked.out" 2>&1 </dev/null || :
grep ' holds ' "$dir/checked.out" >"$dir/checked.said"
line=$(grep -n 'fifolock_lock(&one' "$dir/subject.c" | cut -d: -f1)
grep -q "^  thread 1 holds 1 exclusive, for .* s, since fifolock_lock at main + .*subject.c:$line\$" \
	"$dir/checked.said" && [ "$(wc -l <"$dir/checked.said")" = 1 ] ||
	{ echo "of the debug build"; cat "$dir/checked.out"; exit 1; }
