/* SPDX-License-Identifier: MIT
 *
 * script.h - scripts, as in the seed: actors ask, give back, give up; the history is
 * compared.
 *
 *	struct line line = line_on(&fifolock_shared_exclusive_modes);
 *
 *	asks(&line, 'S');
 *	int w = asks(&line, 'X');
 *	gives_up(&line, w);
 *	cr_assert_str_eq(now(&line), "S+ X!");
 *	line_ends(&line);
 *
 * An actor is a mode, its weight if not 1, and what has become of it:
 *
 *	. in line	+ held		! gave up	- given back
 *	/ turned away	S>X. holds S, waits for X instead
 *
 * One thread plays them all: a request that has joined the line need not wait
 * there.  After every step the lock's own account is compared with the actors'.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "test.h"
#include "slots.h"
#include "core/lock.h"

/* Criterion reports assertions that hold, too, which takes microseconds: those of
 * every step are made only when they fail. */
#define line_check(ok, what)                 \
	do {                                 \
		if (!(ok))                   \
			cr_assert(ok, what); \
	} while (0)

struct actor {
	unsigned mode;
	uint32_t asked;
	uint32_t held;
	char letter;
	char to; /* the mode that it waits for instead; 0: none */
	char state;
	struct fl_slot *slot; /* while in line and, if it was there, while held */
};

struct line {
	fifolock_t lock;
	const fifolock_modes_t *modes;
	const char *letters;
	struct actor *actors;
	unsigned count;
	unsigned room;
	char text[1024];
};

/* Requests go straight to the line, without the short way that lock() has. */
static bool line_joins_always;

static inline struct line line_with(const fifolock_modes_t *modes, const char *letters)
{
	struct line line = {.lock = FIFOLOCK_INIT(modes), .letters = letters};

	line.modes = fl_modes_of(&line.lock);
	return line;
}

/* The presets: exclusive, shared, update, intent shared, intent exclusive, and
 * shared with intent exclusive ("both"). */
static inline struct line line_on(const fifolock_modes_t *modes)
{
	return line_with(modes, "XSUsxb");
}

/* G1, and what fifolock_holds and fifolock_waiting say. */
static inline void line_account(struct line *line)
{
	uint32_t waiting = 0, converting = 0, holds[FIFOLOCK_MAX_MODES] = {0};
	bool in_order = true, same = true;

	for (unsigned i = 0; i < line->count; i++) {
		const struct actor *actor = &line->actors[i];

		if (actor->state == '.')
			waiting++;
		else if (actor->state != '!' && actor->state != '/' && waiting)
			in_order = false;
		holds[actor->mode] += actor->held;
		converting += actor->to != 0;
	}
	for (unsigned m = 0; m < line->modes->count; m++)
		same &= fifolock_holds(&line->lock, m) == holds[m];
	line_check(in_order, "a request passed an earlier one");
	line_check(same, "fifolock_holds is not what is held");
	line_check(fifolock_waiting(&line->lock) == waiting + converting,
		   "fifolock_waiting");
}

static inline unsigned line_mode(const struct line *line, char letter)
{
	const char *at = strchr(line->letters, letter);

	line_check(at && at - line->letters < (long)line->modes->count, "no such mode");
	return (unsigned)(at - line->letters);
}

static inline void line_has(struct line *line, struct actor *actor, char letter)
{
	actor->mode = line_mode(line, letter);
	actor->letter = letter;
	actor->to = 0;
}

/* What one in line, or one that converts, has been told. */
static inline void line_told(struct line *line, struct actor *actor)
{
	bool granted = fl_granted(actor->slot);

	if (actor->to) {
		if (granted)
			line_has(line, actor, actor->to);
		actor->to = 0;
		fl_slot_drop(actor->slot);
		actor->slot = NULL;
		return;
	}
	actor->state = granted ? '+' : '/';
	actor->held = granted ? actor->asked : 0;
	if (granted)
		return;
	fl_slot_drop(actor->slot);
	actor->slot = NULL;
}

static inline void line_look(struct line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		struct actor *actor = &line->actors[i];

		if ((actor->state == '.' || actor->to) && fl_outcome(actor->slot))
			line_told(line, actor);
	}
	line_account(line);
}

static inline struct actor *line_actor(struct line *line, char letter, uint32_t n)
{
	if (line->count == line->room) {
		line->room = 2 * line->room + 16;
		line->actors = realloc(line->actors, line->room * sizeof(struct actor));
		cr_assert_not_null(line->actors);
	}
	line->actors[line->count] = (struct actor){
		.mode = line_mode(line, letter),
		.asked = n,
		.letter = letter,
		.state = '.',
	};
	return &line->actors[line->count++];
}

static inline struct fl_want line_want(const struct line *line, const struct actor *actor)
{
	return fl_want(&line->modes->rows[actor->mode], actor->mode, actor->asked);
}

/* The actor that asked. */
static inline int asks_n(struct line *line, char letter, uint32_t n)
{
	struct actor *actor = line_actor(line, letter, n);
	struct fl_want want = line_want(line, actor);

	if (!line_joins_always && fl_take(&line->lock, &want)) {
		actor->state = '+';
		actor->held = n;
	} else {
		actor->slot = fl_slot_new();
		line_check(actor->slot, "no memory");
		fl_join(&line->lock, actor->slot, &want, true);
	}
	line_look(line);
	return (int)line->count - 1;
}

static inline int asks(struct line *line, char letter)
{
	return asks_n(line, letter, 1);
}

/* By trylock; one that does not get it leaves no trace. */
static inline bool tries_n(struct line *line, char letter, uint32_t n)
{
	struct actor *actor = line_actor(line, letter, n);
	struct fl_want want = line_want(line, actor);

	if (fl_take(&line->lock, &want)) {
		actor->state = '+';
		actor->held = n;
	} else {
		line->count--;
	}
	line_look(line);
	return actor->held == n;
}

static inline bool tries(struct line *line, char letter)
{
	return tries_n(line, letter, 1);
}

static inline void gives_back_n(struct line *line, int who, uint32_t n)
{
	struct actor *actor = &line->actors[who];
	const struct fifolock_row *row = &line->modes->rows[actor->mode];

	line_check(actor->held >= n, "not that much is held");
	line_check(fl_release(&line->lock, row->field, row->unit * n) == 0, "refused");
	actor->held -= n;
	if (actor->held == 0) {
		actor->state = '-';
		if (actor->slot)
			fl_slot_drop(actor->slot);
		actor->slot = NULL;
	}
	line_look(line);
}

static inline void gives_back(struct line *line, int who)
{
	gives_back_n(line, who, line->actors[who].held);
}

/* False: too late, it has been granted. */
static inline bool gives_up(struct line *line, int who)
{
	struct actor *actor = &line->actors[who];
	bool left = actor->slot && fl_leave(&line->lock, actor->slot);

	line_check(left == (actor->state == '.'), "left and held, or neither");
	if (left) {
		actor->state = '!';
		actor->slot = NULL;
	}
	line_look(line);
	return left;
}

/* At once, or in line before all that hold nothing.  False: turned away (EDEADLK). */
static inline bool converts(struct line *line, int who, char to)
{
	struct actor *actor = &line->actors[who];
	unsigned mode = line_mode(line, to);
	struct fl_want want = fl_want(&line->modes->rows[mode], mode, 1);
	bool had_slot = actor->slot, waited;

	line_check(actor->held == 1 && !actor->to, "nothing to convert");
	if (fl_exchange(&line->lock, &line->modes->rows[actor->mode], &want) == 0) {
		line_has(line, actor, to);
		line_look(line);
		return true;
	}
	if (had_slot)
		fl_slot_drop(actor->slot);
	actor->slot = fl_slot_new();
	line_check(actor->slot, "no memory");
	actor->slot->from = (uint8_t)actor->mode;
	actor->to = to;
	fl_join(&line->lock, actor->slot, &want, FL_CONVERTS | FL_LEAVES);
	line_look(line);
	waited = actor->to || actor->letter == to;
	return waited;
}

/* Gives up waiting for another mode, and keeps what it has.  False: too late. */
static inline bool keeps(struct line *line, int who)
{
	struct actor *actor = &line->actors[who];
	bool left = actor->to && fl_leave(&line->lock, actor->slot);

	if (left) {
		actor->to = 0;
		actor->slot = NULL;
	}
	line_look(line);
	return left;
}

static inline void closes(struct line *line)
{
	line_check(fifolock_close(&line->lock) == 0, "close");
	line_look(line);
}

static inline void reopens(struct line *line)
{
	line_check(fifolock_reopen(&line->lock) == 0, "reopen");
	line_look(line);
}

static inline const char *now(struct line *line)
{
	size_t size = sizeof(line->text), at = 0;

	line->text[0] = '\0';
	for (unsigned i = 0; i < line->count && at < size; i++) {
		const struct actor *actor = &line->actors[i];
		uint32_t n = actor->held ? actor->held : actor->asked;
		char weight[12] = "";

		if (n != 1)
			snprintf(weight, sizeof(weight), "%u", n);
		at += (size_t)snprintf(line->text + at, size - at, "%s%c%s", i ? " " : "",
				       actor->letter, weight);
		if (at < size && actor->to)
			at += (size_t)snprintf(line->text + at, size - at, ">%c.",
					       actor->to);
		else if (at < size)
			line->text[at++] = actor->state, line->text[at] = '\0';
	}
	return line->text;
}

static inline void line_is_free(struct line *line)
{
	cr_assert_eq(line->lock.word, 0);
	cr_assert_eq((uint32_t)line->lock.arrivals, 0);
	cr_assert_eq(line->lock.head, 0);
	cr_assert_eq(line->lock.departed, 0);
	cr_assert_eq(fifolock_waiting(&line->lock), 0);
	no_slot_is_lost();
	cr_assert_eq(fifolock_destroy(&line->lock), 0);
	cr_assert_eq(fifolock_trylock(&line->lock, 0), EINVAL);
}

/* All give back, in the order they asked; only a predicate may keep one
 * waiting for good, which then gives up. */
static inline void line_ends(struct line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		if (line->actors[i].state == '+')
			gives_back(line, (int)i);
		if (line->actors[i].state != '.')
			continue;
		line_check(line->modes->compatible, "free, but not granted");
		gives_up(line, (int)i);
	}
	line_is_free(line);
	free(line->actors);
	line->actors = NULL;
}

/* A script is played by requests that go straight to the line and by requests that
 * take the short way where they can; the second play needs no more slots. */
static inline void line_plays(void (*script)(void))
{
	uint32_t made;

	line_joins_always = true;
	script();
	made = fl_slots_made();
	line_joins_always = false;
	script();
	cr_assert_eq(fl_slots_made(), made);
}

#define Script(suite, name, guarantee)               \
	static void script_##suite##_##name(void);   \
	Test(suite, name, .description = guarantee)  \
	{                                            \
		line_plays(script_##suite##_##name); \
	}                                            \
	static void script_##suite##_##name(void)

static inline fifolock_modes_t semaphore(uint32_t size)
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_semaphore(&modes, size), 0);
	return modes;
}

#endif
