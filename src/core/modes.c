/* SPDX-License-Identifier: MIT
 *
 * modes.c - limits into rows, presets, refusals.  word.h has the
 * arithmetic.
 */
#include "word.h"
#include "observe/detector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct fl_detector *fl_detector; /* written by watch.c */

/* Field width for a capacity: 1 + ceil(log2(capacity)). */
static unsigned bits_for(uint32_t capacity)
{
	return capacity <= 1 ? 1 : 33 - (unsigned)__builtin_clz(capacity - 1);
}

/* The widest field there is: it counts to UINT32_MAX. */
#define BITS_MAX 33u

struct layout {
	unsigned count;
	uint32_t capacity[FIFOLOCK_MAX_MODES]; /* 0: as many as fit */
	unsigned bits[FIFOLOCK_MAX_MODES];
	unsigned bits_needed;
	unsigned open; /* modes with capacity 0, by bit */
};

static uint32_t capacity_wanted(const struct fifolock_mode *mode, unsigned self)
{
	uint32_t limit = mode->limits ? mode->limits[self] : 0;

	if (mode->conflicts & (1u << self))
		return 1;
	if (mode->max && limit)
		return mode->max < limit ? mode->max : limit;
	return mode->max ? mode->max : limit;
}

static void layout_add(struct layout *layout, uint32_t capacity)
{
	unsigned m = layout->count++;

	layout->capacity[m] = capacity;
	layout->bits[m] = bits_for(capacity);
	layout->bits_needed += layout->bits[m];
	layout->open |= (unsigned)(capacity == 0) << m;
}

/* Share the bits that are left among the modes that take as many as fit. */
static void layout_spread(struct layout *layout)
{
	unsigned spare = FL_HOLD_BITS - layout->bits_needed;

	for (unsigned m = 0, open = (unsigned)__builtin_popcount(layout->open);
	     m < layout->count; m++) {
		unsigned more;

		if (layout->capacity[m])
			continue;
		more = spare / open--;
		if (more > BITS_MAX - 1)
			more = BITS_MAX - 1;
		spare -= more;
		layout->bits[m] += more;
		layout->capacity[m] =
			(uint32_t)((UINT64_C(1) << more) - (more == BITS_MAX - 1));
	}
}

static void rows_place(fifolock_modes_t *out, const struct layout *layout)
{
	unsigned shift = 0;

	out->count = out->at_once = layout->count;
	out->open = layout->open;
	for (unsigned m = 0; m < layout->count; m++) {
		unsigned bits = layout->bits[m];

		out->rows[m].unit = UINT64_C(1) << shift;
		out->rows[m].field = ((UINT64_C(1) << bits) - 1) << shift;
		out->capacity[m] = layout->capacity[m];
		shift += bits;
	}
}

/* "Fewer than limit hold x" into mode m's row.  A limit over what x can reach
 * forbids nothing. */
static void row_limit(fifolock_modes_t *out, unsigned m, unsigned x, uint32_t limit)
{
	struct fifolock_row *row = &out->rows[m];
	uint64_t unit = out->rows[x].unit;
	uint64_t guard = out->rows[x].field & ~(out->rows[x].field >> 1);

	if (limit == 0 || limit > out->capacity[x])
		return;
	row->bias += guard - unit * limit;
	row->guard |= guard;
}

static uint32_t limit_of(const struct fifolock_mode *mode, unsigned x)
{
	if (mode->conflicts & (1u << x))
		return 1;
	return mode->limits ? mode->limits[x] : 0;
}

static const char *name_of(const struct fifolock_mode modes[], unsigned m, char buf[16])
{
	if (modes[m].name)
		return modes[m].name;
	snprintf(buf, 16, "mode %u", m);
	return buf;
}

static int refuse_conflict(const struct fifolock_mode modes[], unsigned m, unsigned count,
			   char *why, size_t size)
{
	unsigned dangling = (unsigned)__builtin_ctz(modes[m].conflicts >> count) + count;
	char buf[16];

	if (why && size)
		snprintf(why, size,
			 "%s: conflicts names mode %u, but there are only %u modes",
			 name_of(modes, m, buf), dangling, count);
	return EINVAL;
}

static int refuse_width(const struct fifolock_mode modes[], const struct layout *layout,
			char *why, size_t size)
{
	unsigned widest = 0;
	char buf[16];

	for (unsigned m = 1; m < layout->count; m++)
		if (layout->bits[m] > layout->bits[widest])
			widest = m;
	if (!why || !size)
		return ERANGE;
	snprintf(why, size,
		 "%s: can be held %u times, which takes %u bits; all modes "
		 "together need %u bits and a lock has %u",
		 name_of(modes, widest, buf), layout->capacity[widest],
		 layout->bits[widest], layout->bits_needed, FL_HOLD_BITS);
	return ERANGE;
}

static int layout_make(struct layout *layout, const struct fifolock_mode modes[],
		       unsigned count, char *why, size_t size)
{
	for (unsigned m = 0; m < count; m++) {
		if (modes[m].conflicts >> count)
			return refuse_conflict(modes, m, count, why, size);
		layout_add(layout, capacity_wanted(&modes[m], m));
	}
	if (layout->bits_needed > FL_HOLD_BITS)
		return refuse_width(modes, layout, why, size);
	layout_spread(layout);
	return 0;
}

static int refuse_null(char *why, size_t size)
{
	if (why && size)
		snprintf(why, size, "the table or the array of modes is NULL");
	return EINVAL;
}

static int refuse_count(unsigned count, char *why, size_t size)
{
	if (why && size)
		snprintf(why, size, "%u modes: a table has 1 to %u", count,
			 FIFOLOCK_MAX_MODES);
	return EINVAL;
}

/* Does nothing fit beside a hold of mode m, not even another of its own? */
static bool alone(const fifolock_modes_t *table, unsigned m)
{
	for (unsigned x = 0; x < table->count; x++)
		if (fl_bits_fit(table->rows[x].bias, table->rows[x].guard,
				table->rows[m].unit))
			return false;
	return true;
}

int fifolock_modes_compile(fifolock_modes_t *out, const struct fifolock_mode modes[],
			   unsigned count, char *why, size_t why_size)
{
	fifolock_modes_t table = {0};
	struct layout layout = {0};
	int error;

	if (!out || !modes)
		return refuse_null(why, why_size);
	if (count == 0 || count > FIFOLOCK_MAX_MODES)
		return refuse_count(count, why, why_size);
	error = layout_make(&layout, modes, count, why, why_size);
	if (error)
		return error;
	rows_place(&table, &layout);
	for (unsigned m = 0; m < count; m++) {
		table.names[m] = modes[m].name;
		for (unsigned x = 0; x < count; x++)
			if (x != m)
				row_limit(&table, m, x, limit_of(&modes[m], x));
		row_limit(&table, m, m, table.capacity[m]);
	}
	for (unsigned m = 0; m < count; m++)
		if (alone(&table, m))
			table.flags |= FL_MODES_ALONE(m);
	if (fl_watched())
		fl_modes_book(&table, FL_MODES_WATCHED);
	*out = table;
	return 0;
}

int fifolock_modes_semaphore(fifolock_modes_t *out, uint32_t size)
{
	struct fifolock_mode mode = {.name = "semaphore", .max = size};

	if (!out)
		return EINVAL;
	if (size == 0)
		return ERANGE;
	return fifolock_modes_compile(out, &mode, 1, NULL, 0);
}

int fifolock_modes_predicate(fifolock_modes_t *out, unsigned count, uint32_t max_each,
			     bool (*compatible)(const uint32_t holds[], unsigned mode,
						void *ctx),
			     void *ctx)
{
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES] = {{0}};
	int error;

	if (!compatible || count > FIFOLOCK_MAX_MODES)
		return EINVAL;
	if (max_each == 0)
		return ERANGE;
	for (unsigned m = 0; m < count; m++)
		modes[m].max = max_each;
	error = fifolock_modes_compile(out, modes, count, NULL, 0);
	if (error)
		return error;
	/* It is not known what fits beside what. */
	for (unsigned m = 0; m < count; m++)
		out->flags &= ~FL_MODES_ALONE(m);
	out->compatible = compatible;
	out->ctx = ctx;
	return 0;
}

uint32_t fifolock_modes_capacity(const fifolock_modes_t *modes, unsigned mode)
{
	return modes && mode < modes->count ? modes->capacity[mode] : 0;
}

int fifolock_modes_owner_checked(fifolock_modes_t *modes, bool yes)
{
	if (!modes)
		return EINVAL;
	modes->flags = yes ? modes->flags | FL_MODES_OWNER_CHECKED
			   : modes->flags & ~FL_MODES_OWNER_CHECKED;
	return 0;
}

/* The presets: what fifolock_modes_compile makes of the matrices in the tests
 * (tests/unit/modes.c compares them, whole).  Each row is {unit, bias, guard, field}. */

const fifolock_modes_t fifolock_mutex_modes = {
	.at_once = 1,
	.count = 1,
	.flags = FL_MODES_OWNER_CHECKED | FL_MODES_ALONE(FIFOLOCK_EXCLUSIVE),
	.rows =
		{
			{UINT64_C(0x0000000000000001), UINT64_C(0x0000000000000000),
			 UINT64_C(0x0000000000000001), UINT64_C(0x0000000000000001)},
		},
	.capacity = {1},
	.names = {"exclusive"},
};

extern const fifolock_modes_t fl_default_modes
	__attribute__((alias("fifolock_shared_exclusive_modes"), visibility("hidden")));

const fifolock_modes_t fifolock_shared_exclusive_modes = {
	.at_once = 2,
	.count = 2,
	.flags = FL_MODES_OWNER_CHECKED | FL_MODES_ALONE(FIFOLOCK_EXCLUSIVE),
	.rows =
		{
			{UINT64_C(0x0000000000000001), UINT64_C(0x00000001fffffffe),
			 UINT64_C(0x0000000200000001), UINT64_C(0x0000000000000001)},
			{UINT64_C(0x0000000000000002), UINT64_C(0x0000000000000002),
			 UINT64_C(0x0000000200000001), UINT64_C(0x00000003fffffffe)},
		},
	.capacity = {1, 4294967295},
	.names = {"exclusive", "shared"},
	.open = 1u << FIFOLOCK_SHARED,
};

const fifolock_modes_t fifolock_update_modes = {
	.at_once = 3,
	.count = 3,
	.flags = FL_MODES_OWNER_CHECKED | FL_MODES_ALONE(FIFOLOCK_EXCLUSIVE),
	.rows =
		{
			{UINT64_C(0x0000000000000001), UINT64_C(0x00000001fffffffe),
			 UINT64_C(0x0000000600000001), UINT64_C(0x0000000000000001)},
			{UINT64_C(0x0000000000000002), UINT64_C(0x0000000000000002),
			 UINT64_C(0x0000000200000001), UINT64_C(0x00000003fffffffe)},
			{UINT64_C(0x0000000400000000), UINT64_C(0x0000000000000000),
			 UINT64_C(0x0000000400000001), UINT64_C(0x0000000400000000)},
		},
	.capacity = {1, 4294967295, 1},
	.names = {"exclusive", "shared", "update"},
	.open = 1u << FIFOLOCK_SHARED,
};

const fifolock_modes_t fifolock_intent_modes = {
	.at_once = 6,
	.count = 6,
	.flags = FL_MODES_OWNER_CHECKED | FL_MODES_ALONE(FIFOLOCK_EXCLUSIVE),
	.rows =
		{
			{UINT64_C(0x0000000000000001), UINT64_C(0x07ffff7fffe7fffe),
			 UINT64_C(0x1800008000180001), UINT64_C(0x0000000000000001)},
			{UINT64_C(0x0000000000000002), UINT64_C(0x07ffff0000000000),
			 UINT64_C(0x1800000000080001), UINT64_C(0x00000000000ffffe)},
			{UINT64_C(0x0000000000100000), UINT64_C(0x07ffff0000000000),
			 UINT64_C(0x1800000000100001), UINT64_C(0x0000000000100000)},
			{UINT64_C(0x0000000000200000), UINT64_C(0x0000000000000000),
			 UINT64_C(0x0000008000000001), UINT64_C(0x000000ffffe00000)},
			{UINT64_C(0x0000010000000000), UINT64_C(0x000000000007fffe),
			 UINT64_C(0x1800000000180001), UINT64_C(0x0fffff0000000000)},
			{UINT64_C(0x1000000000000000), UINT64_C(0x07ffff000007fffe),
			 UINT64_C(0x1800000000180001), UINT64_C(0x1000000000000000)},
		},
	.capacity = {1, 262144, 1, 262144, 524288, 1},
	.names = {"exclusive", "shared", "update", "intent shared", "intent exclusive",
		  "shared intent exclusive"},
	.open = 1u << FIFOLOCK_SHARED | 1u << FIFOLOCK_INTENT_SHARED |
		1u << FIFOLOCK_INTENT_EXCLUSIVE,
};
