/* SPDX-License-Identifier: MIT
 *
 * stronger.c - which mode can stand for several.
 *
 * "Fewer than L hold x" is a rule for requests of m (word.h).  For s to be as strong as a, whatever
 * other holds there are, take those that tell them apart.  Asked for, beside holds of one x: s must
 * have a rule for each x for which a has one, with a limit that is no higher.  Held, beside a request
 * of x: where x has a rule for a, with limit L, L - 1 other holds of a would keep x out with a, and
 * not with s, which is counted elsewhere; so x must have the limit 1 for s, which keeps it out always.
 *
 * Of a function it is only asked what it says of one hold and one request.
 */
#include "stronger.h"
#include "core/word.h"

#include <errno.h>

#define NO_RULE UINT64_MAX

/* Requests of m are granted while fewer hold x.  That a lock cannot count more is no rule. */
static uint64_t limit(const fifolock_modes_t *modes, unsigned m, unsigned x)
{
	const struct fifolock_row *row = &modes->rows[m];
	uint64_t field = modes->rows[x].field;
	uint64_t guard = field & ~(field >> 1);

	if (!(row->guard & guard) || (m == x && fl_modes_open(modes, m)))
		return NO_RULE;
	return (guard - (row->bias & field)) / modes->rows[x].unit;
}

/* Is one hold of m granted beside one of x? */
static bool fits(const fifolock_modes_t *modes, unsigned m, unsigned x)
{
	struct fl_want want = fl_want(&modes->rows[m], m, 1);

	return fl_want_fits(modes, &want, modes->rows[x].unit);
}

static bool asked_is_strong(const fifolock_modes_t *modes, unsigned s, unsigned a,
			    unsigned x)
{
	if (modes->compatible)
		return !fits(modes, s, x) || fits(modes, a, x);
	return limit(modes, s, x) <= limit(modes, a, x);
}

static bool held_is_strong(const fifolock_modes_t *modes, unsigned s, unsigned a,
			   unsigned x)
{
	if (modes->compatible)
		return !fits(modes, x, s) || fits(modes, x, a);
	return limit(modes, x, s) == 1 || limit(modes, x, a) == NO_RULE;
}

static bool is_as_strong(const fifolock_modes_t *modes, unsigned s, unsigned a)
{
	if (s == a)
		return true;
	for (unsigned x = 0; x < modes->count; x++)
		if (!asked_is_strong(modes, s, a, x) || !held_is_strong(modes, s, a, x))
			return false;
	return true;
}

static bool is_over(const fifolock_modes_t *modes, unsigned s, uint32_t these)
{
	for (; these; these &= these - 1)
		if (!is_as_strong(modes, s, (unsigned)__builtin_ctz(these)))
			return false;
	return true;
}

/* Is none of the others weaker than s? */
static bool is_weakest(const fifolock_modes_t *modes, unsigned s, uint32_t others)
{
	for (; others; others &= others - 1) {
		unsigned other = (unsigned)__builtin_ctz(others);

		if (is_as_strong(modes, s, other) && !is_as_strong(modes, other, s))
			return false;
	}
	return true;
}

int fl_modes_over(const fifolock_modes_t *modes, uint32_t these, unsigned *mode)
{
	uint32_t over = 0;

	for (unsigned s = 0; s < modes->count; s++)
		if (is_over(modes, s, these))
			over |= UINT32_C(1) << s;
	for (unsigned s = 0; s < modes->count; s++)
		if (over >> s & 1 && is_weakest(modes, s, over)) {
			*mode = s;
			return 0;
		}
	return EINVAL;
}

int fifolock_modes_stronger(const fifolock_modes_t *modes, unsigned one, unsigned other,
			    unsigned *both)
{
	modes = modes ? modes : &fifolock_shared_exclusive_modes;
	if (!both || !fifolock_modes_capacity(modes, one) ||
	    !fifolock_modes_capacity(modes, other))
		return EINVAL;
	return fl_modes_over(modes, UINT32_C(1) << one | UINT32_C(1) << other, both);
}
