/* SPDX-License-Identifier: MIT
 *
 * fuzz_modes.c - bytes into arguments of the mode compilers: they are refused, rightly
 * and with a reason, or become rows that say what the header says about them.
 *
 * For libFuzzer (tests/fuzz/run), and for replay.c, which has its corpus.
 */
#include "accepted.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OURS 77	  /* errno, which must stay as it is */
#define WHY  600u /* longer than any sentence */

/* ---- what was refused ---- */

static void fill(void *memory, size_t size)
{
	memset(memory, 0xA5, size);
}

static bool untouched(const void *memory, size_t size)
{
	const unsigned char *bytes = memory;

	return size == 0 || (bytes[0] == 0xA5 && !memcmp(bytes, bytes + 1, size - 1));
}

/* What may be said: the header does not tell which comes first of two. */
struct verdict {
	bool invalid, range;
};

static void check_verdict(int error, struct verdict may, const fifolock_modes_t *table)
{
	check(errno == OURS, "errno %d", errno);
	check(error == 0 || error == EINVAL || error == ERANGE, "error %d", error);
	check(error != 0 || !(may.invalid || may.range), "accepted");
	check(error != EINVAL || may.invalid, "refused");
	check(error != ERANGE || may.range, "refused");
	check(error == 0 || untouched(table, sizeof(*table)), "table touched");
}

/* In the sentence, and not as the beginning of a longer number? */
static bool says(const char *why, const char *what)
{
	size_t length = strlen(what);

	for (const char *at = why; (at = strstr(at, what)) != NULL; at++)
		if (at[length] < '0' || at[length] > '9')
			return true;
	return false;
}

static bool says_number(const char *why, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), " %u", number);
	return says(why, text);
}

static bool says_mode(const char *why, const struct rules *rules, unsigned m)
{
	const char *name = rules->modes[m].name;
	char text[16];

	snprintf(text, sizeof(text), "mode %u", m);
	return name ? strstr(why, name) != NULL : says(why, text);
}

/* Which mode, and with which mode that is not there it conflicts. */
static bool says_stray(const char *why, const struct rules *rules,
		       const struct plain *plain)
{
	for (unsigned m = 0; m < plain->count; m++)
		for (unsigned x = plain->count; x < 32; x++)
			if (plain->strays[m] >> x & 1 && says_mode(why, rules, m) &&
			    says_number(why, x))
				return true;
	return false;
}

/* One of the widest, and how many bits it would take. */
static bool says_width(const char *why, const struct rules *rules,
		       const struct plain *plain)
{
	unsigned widest = 0;

	for (unsigned m = 0; m < plain->count; m++)
		widest = plain->bits[m] > widest ? plain->bits[m] : widest;
	for (unsigned m = 0; m < plain->count; m++)
		if (plain->bits[m] == widest && says_mode(why, rules, m))
			return says_number(why, plain->bits_needed);
	return false;
}

static void check_reason(int error, const char *why, const struct rules *rules,
			 const struct plain *plain)
{
	check(memchr(why, 0, WHY) && why[0], "no reason");
	if (!plain)
		return;
	if (error == EINVAL)
		check(says_stray(why, rules, plain), "%s", why);
	else
		check(says_width(why, rules, plain), "%s", why);
}

/* The beginning of the sentence, in as many bytes as there are. */
static void check_cut(const char *cut, size_t size, const char *why, int error)
{
	check(untouched(cut + size, WHY - size), "written after %zu bytes", size);
	if (error == 0 || size == 0) {
		check(untouched(cut, WHY), "written without a reason");
		return;
	}
	check(memchr(cut, 0, size), "no end in %zu bytes", size);
	check(strncmp(cut, why, size - 1) == 0, "%s", cut);
	check(strlen(cut) == (strlen(why) < size ? strlen(why) : size - 1), "%s", cut);
}

/* ---- the compilers ---- */

/* NULL: not even a table. */
static struct verdict compile_verdict(const struct plain *plain)
{
	if (!plain)
		return (struct verdict){.invalid = true};
	return (struct verdict){plain->any_stray, plain->bits_needed > FL_HOLD_BITS};
}

static void check_names(const fifolock_modes_t *table, const struct rules *rules)
{
	for (unsigned m = 0; m < rules->count; m++)
		check(table->names[m] == rules->modes[m].name, "name of mode %u", m);
	check(!table->compatible && !table->ctx, "a predicate");
}

static void try_compile(struct input *input)
{
	struct rules rules = some_rules(input);
	bool tabled = rules.modes && rules.count && rules.count <= MOST;
	fifolock_modes_t table, again, *out = byte(input) == 255 ? NULL : &table;
	struct plain plain = tabled ? plain_of(&rules) : (struct plain){0};
	const struct plain *known = tabled && out ? &plain : NULL;
	size_t size = byte(input) * 2u;
	char why[WHY], cut[WHY];
	int error;

	fill(&table, sizeof(table));
	fill(&again, sizeof(again));
	fill(why, WHY);
	fill(cut, WHY);
	errno = OURS;
	error = fifolock_modes_compile(out, rules.modes, rules.count, why, WHY);
	check_verdict(error, compile_verdict(known), &table);
	check(error || untouched(why, WHY), "a reason for nothing");
	if (error)
		check_reason(error, why, &rules, known);
	check(fifolock_modes_compile(out ? &again : NULL, rules.modes, rules.count, cut,
				     size) == error,
	      "with a short reason");
	check_cut(cut, size, why, error);
	check(fifolock_modes_compile(out ? &again : NULL, rules.modes, rules.count, NULL,
				     size) == error,
	      "without a reason");
	check(memcmp(&table, &again, sizeof(table)) == 0, "compiled twice");
	check(errno == OURS, "errno %d", errno);
	if (!error) {
		check_names(&table, &rules);
		check_table(&table, &plain, input);
	}
	rules_free(&rules);
}

static void try_semaphore(struct input *input)
{
	uint32_t size = amount(input);
	fifolock_modes_t table, *out = byte(input) == 255 ? NULL : &table;
	struct fifolock_mode mode = {.max = size};
	struct rules rules = {.count = 1, .modes = &mode};
	struct plain plain = plain_of(&rules);
	int error;

	fill(&table, sizeof(table));
	errno = OURS;
	error = fifolock_modes_semaphore(out, size);
	check_verdict(error, (struct verdict){!out, size == 0}, &table);
	if (!error)
		check_table(&table, &plain, input);
}

static uint64_t predicate_salt;
static uint32_t predicate_most;
static unsigned predicate_count;

/* No sense in it, but a function of its arguments, which are what they should be. */
static bool predicate(const uint32_t holds[], unsigned mode, void *ctx)
{
	uint64_t hash = predicate_salt + mode;

	check(mode < predicate_count, "mode %u", mode);
	check(holds[mode] < predicate_most, "asked with %u held", holds[mode]);
	for (unsigned x = 0; x < predicate_count; x++)
		hash = (hash ^ holds[x]) * UINT64_C(0x9e3779b97f4a7c15);
	(void)ctx;
	return hash >> 62 != 0;
}

static struct plain plain_of_predicate(unsigned count, uint32_t most)
{
	struct fifolock_mode modes[MOST] = {{0}};
	struct rules rules = {.count = count <= MOST ? count : 0, .modes = modes};
	struct plain plain;

	for (unsigned m = 0; m < rules.count; m++)
		modes[m].max = most;
	plain = plain_of(&rules);
	plain.compatible = predicate;
	return plain;
}

static void try_predicate(struct input *input)
{
	unsigned count = byte(input) % 20;
	uint32_t most = amount(input);
	uint8_t what = byte(input);
	struct plain plain = plain_of_predicate(count, most);
	fifolock_modes_t table, *out = what == 255 ? NULL : &table;
	struct verdict may = {
		.invalid =
			!out || what == 253 || what == 254 || count == 0 || count > MOST,
		.range = most == 0 || plain.bits_needed > FL_HOLD_BITS,
	};
	int error;

	predicate_salt = draw(input);
	predicate_most = most;
	predicate_count = count;
	fill(&table, sizeof(table));
	errno = OURS;
	error = fifolock_modes_predicate(out, what == 253 ? UINT32_MAX : count, most,
					 what == 254 ? NULL : predicate, &table);
	check_verdict(error, may, &table);
	if (error)
		return;
	check(table.compatible == predicate && table.ctx == &table, "no predicate");
	check_table(&table, &plain, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = input_of(data, size);
	uint8_t which = byte(&input);

	if (which < 200)
		try_compile(&input);
	else if (which < 220)
		try_semaphore(&input);
	else
		try_predicate(&input);
	return 0;
}
