/* SPDX-License-Identifier: MIT
 *
 * watchdog.c - a stall -> a dump of each lock, its line, and what every thread is doing.
 *
 * A round has stalled if no thread of it gets a call done, though all of them sleep for
 * long, or though they have had much of the processors: not if they wait for these.  It
 * counts the moments at which it itself was awake: a process that was stopped, or a machine
 * that was, has not stalled.  Everything is read while it may be changing.
 */
#define _GNU_SOURCE
#include "torture.h"
#include "thread_state.h"
#include "core/queue.h"

#define TURNS_PER_S 10u
#define ROUND_MOST  30u /* turns after which threads are told to come to an end */

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct round *watched;
static uint32_t turns;	      /* of this round */
static uint32_t still[SEATS]; /* turns since the thread did something */
static uint32_t last[SEATS];

/* ---- the dump ---- */

static void dump_slot(uint32_t id)
{
	const struct fl_slot *slot = fl_slot_at(id);
	uint32_t word = relaxed_load(&slot->word);

	fprintf(stderr, "slot %u ticket %u mode %u weight %u word %#x%s%s%s%s%s%s\n", id,
		slot->ticket, slot->mode, slot->weight, word,
		word & FL_ASLEEP ? " ASLEEP" : "", word & FL_CLAIMED ? " CLAIMED" : "",
		word & FL_GRANTED ? " GRANTED" : "", word & FL_LEFT ? " LEFT" : "",
		slot->how & FL_LEAVES ? " (may leave)" : "",
		slot->verdict == FL_OUT ? " out" : "");
}

static void dump_chain(const char *name, uint32_t id, bool by_newer)
{
	fprintf(stderr, "  %s:%s\n", name, id ? "" : " none");
	for (unsigned i = 0; id && id <= fl_slots_made() && i < SEATS; i++) {
		fputs("    ", stderr);
		dump_slot(id);
		id = by_newer ? fl_slot_at(id)->newer : fl_slot_at(id)->older;
	}
}

static void dump_word(const struct target *target, uint64_t word)
{
	fprintf(stderr, "  word %#018llx%s%s%s holds", (unsigned long long)word,
		word & FL_QUEUED ? " QUEUED" : "", word & FL_SCANNING ? " SCANNING" : "",
		word & FL_RESCAN ? " RESCAN" : "");
	for (unsigned m = 0; m < target->table->rules.count; m++)
		fprintf(stderr, " %u", fl_word_holds(&target->table->modes, m, word));
	fputc('\n', stderr);
}

static void dump_table(const struct target *target)
{
	const struct rules *rules = &target->table->rules;

	for (unsigned m = 0; m < rules->count; m++) {
		fprintf(stderr, "  mode %u at most %u, granted while fewer than", m,
			rules->capacity[m]);
		for (unsigned x = 0; !rules->compatible && x < rules->count; x++)
			if (rules->limit[m][x] != UINT64_MAX)
				fprintf(stderr, " %llu hold %u",
					(unsigned long long)rules->limit[m][x], x);
		fputs(rules->compatible ? " (a function)\n" : "\n", stderr);
	}
}

static void dump_target(const struct target *target)
{
	const fifolock_t *lock = relaxed_load(&target->lock);
	uint64_t line;

	fprintf(stderr, "lock %u%s\n", target->index, lock ? "" : ": destroyed");
	dump_table(target);
	if (!lock)
		return;
	line = relaxed_load(&lock->arrivals);
	dump_word(target, relaxed_load(&lock->word));
	fprintf(stderr, "  ticket %u gone %u left %u first %u; %u grants logged\n",
		(uint32_t)(line >> 32), relaxed_load(&lock->dequeued),
		relaxed_load(&lock->departed), relaxed_load(&lock->head),
		target->logged + target->pending);
	dump_chain("line", relaxed_load(&lock->head), true);
	dump_chain("arrivals, newest first", (uint32_t)line, false);
}

static void dump_seat(const struct seat *seat)
{
	static const char *const ways[] = {"lock", "trylock", "timedlock"};
	const struct entry *last_call = &seat->main.entries[seat->main.used];
	uint32_t slot = relaxed_load(&seat->slot);

	fprintf(stderr, "thread %u (tid %u)%s: %u calls, the last %.1f s ago; now ",
		seat->index, relaxed_load(&seat->tid), seat->running ? "" : " ended",
		seat->main.used, (double)still[seat->index] / TURNS_PER_S);
	if (last_call->begun == 0 && last_call->weight == 0)
		fputs("idle\n", stderr);
	else
		fprintf(stderr, "%s lock %u mode %u weight %u%s",
			last_call->kind == RELEASE ? "unlock"
			: last_call->kind == LOOK  ? "look"
						   : ways[last_call->how],
			last_call->target, last_call->mode, last_call->weight,
			last_call->joined ? ", in line with " : "\n");
	if (last_call->joined && slot)
		dump_slot(slot);
	for (unsigned i = 0; i < seat->count && i < HELD; i++)
		fprintf(stderr, "    has taken %u of mode %u of lock %u%s\n",
			seat->held[i].weight, seat->held[i].mode, seat->held[i].target,
			seat->held[i].left_to_handler ? " (left to its handler)" : "");
}

static void dump_gifts(const struct round *round)
{
	for (unsigned i = 0; i < GIFTS; i++)
		if (round->gifts[i].state)
			fprintf(stderr, "gift: %u of mode %u of lock %u\n",
				round->gifts[i].hold.weight, round->gifts[i].hold.mode,
				round->gifts[i].hold.target);
}

void watchdog_dump(const struct round *round)
{
	for (unsigned i = 0; i < round->plan.targets; i++)
		dump_target(&round->targets[i]);
	for (unsigned i = 0; i < round->plan.seats; i++)
		dump_seat(&round->seats[i]);
	dump_gifts(round);
	fflush(stderr);
}

/* ---- the watch ---- */

static bool alive(struct seat *seat)
{
	return relaxed_load(&seat->tid) && !relaxed_load(&seat->ended);
}

static void stalled(unsigned thread, const char *how)
{
	if (!options.wedge)
		violation("thread %u, and all others, %s for %u s", thread, how,
			  options.stall);
	watchdog_dump(the_round);
	_Exit(WEDGE_FOUND);
}

static bool wants_processor(uint32_t tid)
{
	char state = thread_state((pid_t)tid);

	return state == 'R' || state == 'D';
}

static uint64_t cpu_ns(const struct seat *seat)
{
	struct timespec cpu = {0};
	clockid_t clock;

	if (!pthread_getcpuclockid(seat->thread, &clock))
		clock_gettime(clock, &cpu);
	return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

/* Since one of them got something done: turns in which all slept, and what they have had
 * of the processors. */
static struct {
	uint32_t asleep;
	uint64_t had_ns;
} stall;

static uint64_t cpu_seen[SEATS];

/* How much more it has had since the last look.  Another thread has its seat: nothing. */
static uint64_t cpu_since(const struct round *round, unsigned i)
{
	uint64_t now = cpu_ns(&round->seats[i]), before = cpu_seen[i];

	cpu_seen[i] = now;
	return before && now > before ? now - before : 0;
}

/* False: no thread wants a processor. */
static bool are_at_work(struct round *round)
{
	bool wants = false;

	pthread_mutex_lock(&round->births);
	for (unsigned i = 0; i < round->plan.seats; i++) {
		struct seat *seat = &round->seats[i];

		if (!seat->running || !alive(seat)) {
			cpu_seen[i] = 0;
			continue;
		}
		stall.had_ns += cpu_since(round, i);
		wants = wants || wants_processor(relaxed_load(&seat->tid));
	}
	pthread_mutex_unlock(&round->births);
	return wants;
}

/* No thread has got anything done in this turn. */
static void stands_still(struct round *round, unsigned thread)
{
	if (!are_at_work(round))
		stall.asleep++;
	if (stall.asleep > options.stall * TURNS_PER_S)
		stalled(thread, "have slept");
	if (stall.had_ns > options.stall * UINT64_C(1000000000))
		stalled(thread, "have run in circles");
}

static void look_at(struct round *round)
{
	unsigned lives = SEATS;
	bool moves = false;

	for (unsigned i = 0; i < round->plan.seats; i++) {
		struct seat *seat = &round->seats[i];
		uint32_t used = relaxed_load(&seat->main.used);

		moves = moves || used != last[i];
		still[i] = used != last[i] || !alive(seat) ? 0 : still[i] + 1;
		last[i] = used;
		if (alive(seat))
			lives = i;
	}
	if (moves || lives == SEATS) {
		memset(&stall, 0, sizeof(stall));
		memset(cpu_seen, 0, sizeof(cpu_seen));
	}
	if (!moves && lives != SEATS)
		stands_still(round, lives);
	if (++turns > ROUND_MOST)
		relaxed_store(&round->hurry, 1);
}

static void *watch(void *unused)
{
	(void)unused;
	for (;;) {
		pause_ns(1000000000 / TURNS_PER_S);
		pthread_mutex_lock(&guard);
		if (watched)
			look_at(watched);
		pthread_mutex_unlock(&guard);
	}
	return NULL;
}

void watchdog_watch(struct round *round)
{
	pthread_mutex_lock(&guard);
	watched = round;
	turns = 0;
	memset(&stall, 0, sizeof(stall));
	memset(still, 0, sizeof(still));
	pthread_mutex_unlock(&guard);
}

void watchdog_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch, NULL))
		_Exit(4);
	pthread_detach(thread);
}
