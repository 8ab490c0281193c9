/* SPDX-License-Identifier: MIT
 *
 * modes.c - from limits to rows: presets, capacities, refusals.
 */
#include "test.h"
#include "core/lock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ONE(mode) (1u << FIFOLOCK_##mode)
#define X	  ONE(EXCLUSIVE)
#define S	  ONE(SHARED)
#define U	  ONE(UPDATE)
#define IS	  ONE(INTENT_SHARED)
#define IX	  ONE(INTENT_EXCLUSIVE)
#define SIX	  ONE(SHARED_INTENT_EXCLUSIVE)
#define ALL	  (X | S | U | IS | IX | SIX)

static fifolock_modes_t compiled(const struct fifolock_mode modes[], unsigned count)
{
	fifolock_modes_t out;
	char why[200] = "";

	cr_assert_eq(fifolock_modes_compile(&out, modes, count, why, sizeof(why)), 0,
		     "%s", why);
	cr_assert_str_eq(why, "");
	return out;
}

static void check_same(const fifolock_modes_t *a, const fifolock_modes_t *b)
{
	cr_assert_eq(a->count, b->count);
	cr_assert_eq(memcmp(a->rows, b->rows, sizeof(a->rows)), 0);
	cr_assert_eq(memcmp(a->capacity, b->capacity, sizeof(a->capacity)), 0);
	cr_assert(!a->compatible && !b->compatible);
	cr_assert(!a->ctx && !b->ctx);
}

static void check_preset(const fifolock_modes_t *preset,
			 const struct fifolock_mode modes[], unsigned count)
{
	fifolock_modes_t same = compiled(modes, count);

	check_same(preset, &same);
	cr_assert(preset->flags & FL_MODES_OWNER_CHECKED);
	cr_assert_not(same.flags & FL_MODES_OWNER_CHECKED);
	for (unsigned m = 0; m < count; m++)
		cr_assert_not_null(preset->names[m]);
}

Test(modes, mutex_is_one_mode_against_itself, .description = "G2")
{
	static const struct fifolock_mode modes[] = {{.conflicts = X}};

	check_preset(&fifolock_mutex_modes, modes, COUNT(modes));
	cr_assert_eq(fifolock_modes_capacity(&fifolock_mutex_modes, FIFOLOCK_EXCLUSIVE),
		     1);
}

Test(modes, shared_exclusive_is_one_writer_or_many_readers, .description = "G2")
{
	static const struct fifolock_mode modes[] = {
		{.conflicts = X | S},
		{.conflicts = X},
	};

	check_preset(&fifolock_shared_exclusive_modes, modes, COUNT(modes));
	check_preset(&fl_default_modes, modes, COUNT(modes));
	cr_assert_eq(fifolock_modes_capacity(&fifolock_shared_exclusive_modes, 0), 1);
	cr_assert_eq(fifolock_modes_capacity(&fifolock_shared_exclusive_modes, 1),
		     UINT32_MAX);
}

Test(modes, update_goes_with_shared_but_not_with_itself, .description = "G2")
{
	static const struct fifolock_mode modes[] = {
		{.conflicts = X | S | U},
		{.conflicts = X},
		{.conflicts = X | U},
	};

	check_preset(&fifolock_update_modes, modes, COUNT(modes));
	cr_assert_eq(fifolock_modes_capacity(&fifolock_update_modes, FIFOLOCK_UPDATE), 1);
}

/* What each mode goes with. */
static const uint32_t gray[] = {0,	 S | U | IS, S | IS, S | U | IS | IX | SIX,
				IS | IX, IS};

Test(modes, intent_is_the_matrix_of_granular_locking, .description = "G2")
{
	struct fifolock_mode modes[6] = {{0}};

	for (unsigned m = 0; m < 6; m++)
		modes[m].conflicts = ALL & ~gray[m];
	check_preset(&fifolock_intent_modes, modes, 6);
}

Test(modes, intent_is_symmetric_and_locks_behave_so, .description = "G2")
{
	for (unsigned held = 0; held < 6; held++)
		for (unsigned more = 0; more < 6; more++) {
			fifolock_t lock = FIFOLOCK_INIT(&fifolock_intent_modes);
			bool goes = gray[held] >> more & 1;

			cr_assert_eq(goes, gray[more] >> held & 1);
			cr_assert_eq(fifolock_trylock(&lock, held), 0);
			cr_assert_eq(fifolock_trylock(&lock, more), goes ? 0 : EBUSY);
		}
}

Test(modes, a_lock_of_zero_bytes_is_shared_exclusive, .description = "G6")
{
	fifolock_t lock;

	memset(&lock, 0, sizeof(lock));
	cr_assert_eq(sizeof(lock), 40);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_EXCLUSIVE), EBUSY);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_UPDATE), EINVAL);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_EXCLUSIVE), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_SHARED), EBUSY);
}

/* Semaphores. */

Test(semaphore, is_a_limit_on_one_mode, .description = "G2")
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 1000, UINT32_MAX};

	for (unsigned i = 0; i < COUNT(sizes); i++) {
		struct fifolock_mode mode = {.max = sizes[i]};
		fifolock_modes_t same = compiled(&mode, 1), modes;

		cr_assert_eq(fifolock_modes_semaphore(&modes, sizes[i]), 0);
		check_same(&modes, &same);
		cr_assert_eq(fifolock_modes_capacity(&modes, 0), sizes[i]);
		cr_assert_eq(fifolock_modes_capacity(&modes, 1), 0);
		cr_assert_not(modes.flags & FL_MODES_OWNER_CHECKED);
	}
}

Test(semaphore, lets_exactly_size_in, .description = "G2")
{
	for (uint32_t size = 1; size <= 33; size++) {
		fifolock_modes_t modes;
		fifolock_t lock = FIFOLOCK_INIT(&modes);

		cr_assert_eq(fifolock_modes_semaphore(&modes, size), 0);
		for (uint32_t i = 0; i < size; i++)
			cr_assert_eq(fifolock_trylock(&lock, 0), 0);
		cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
		cr_assert_eq(fifolock_holds(&lock, 0), size);
		cr_assert_eq(fifolock_unlock_n(&lock, 0, size), 0);
		cr_assert_eq(fifolock_destroy(&lock), 0);
	}
}

Test(semaphore, counts_up_to_uint32_max, .description = "G2")
{
	fifolock_modes_t modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_modes_semaphore(&modes, UINT32_MAX), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, UINT32_MAX - 1), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 2), EBUSY);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, UINT32_MAX), EBUSY);
	cr_assert_eq(fifolock_trylock(&lock, 0), 0);
	cr_assert_eq(fifolock_holds(&lock, 0), UINT32_MAX);
	cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, UINT32_MAX), 0);
	cr_assert_eq(fifolock_unlock(&lock, 0), EPERM);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* Refusals. */

static bool untouched(const void *memory, size_t size)
{
	const unsigned char *bytes = memory;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0xA5)
			return false;
	return true;
}

/* The sentence, which says all of these. */
static void refused(int error, const struct fifolock_mode modes[], unsigned count,
		    const char *name, const char *reason)
{
	fifolock_modes_t out;
	char why[200] = "";

	memset(&out, 0xA5, sizeof(out));
	errno = 77;
	cr_assert_eq(fifolock_modes_compile(&out, modes, count, why, sizeof(why)), error);
	cr_assert_eq(errno, 77);
	cr_assert(untouched(&out, sizeof(out)));
	cr_assert(strstr(why, name), "\"%s\" does not say \"%s\"", why, name);
	cr_assert(strstr(why, reason), "\"%s\" does not say \"%s\"", why, reason);
}

Test(refusal, no_modes_or_too_many, .description = "refused tables")
{
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES + 1] = {{0}};

	for (unsigned m = 0; m < COUNT(modes); m++)
		modes[m].max = 1;
	refused(EINVAL, modes, 0, "mode", "0");
	refused(EINVAL, modes, FIFOLOCK_MAX_MODES + 1, "17", "16");
	refused(EINVAL, modes, UINT32_MAX, "4294967295", "16");
	compiled(modes, FIFOLOCK_MAX_MODES);
}

Test(refusal, a_conflict_with_a_mode_that_is_not_there, .description = "refused tables")
{
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES] = {{0}};

	for (unsigned m = 0; m < COUNT(modes); m++)
		modes[m].max = 1;
	modes[1] =
		(struct fifolock_mode){.name = "green", .max = 1, .conflicts = 1u << 2};
	refused(EINVAL, modes, 2, "green", "2");
	modes[1].conflicts = 1u << 31 | 1;
	refused(EINVAL, modes, 2, "green", "31");
	modes[1].conflicts = 1u << 16;
	refused(EINVAL, modes, 16, "green", "16");
	modes[1].name = NULL;
	refused(EINVAL, modes, 16, "mode 1", "16");
	modes[1].conflicts = 1u << 15;
	compiled(modes, 16);
}

Test(refusal, sixty_one_bits_fit_and_sixty_two_do_not, .description = "refused tables")
{
	struct fifolock_mode modes[] = {
		{.name = "red", .max = UINT32_MAX},
		{.name = "green", .max = 1u << 27},
	};

	compiled(modes, 2);
	modes[1].max = (1u << 27) + 1;
	refused(ERANGE, modes, 2, "red", "62");
	modes[1].max = 1u << 28;
	refused(ERANGE, modes, 2, "red", "62");
	modes[0].name = NULL;
	refused(ERANGE, modes, 2, "mode 0", "62");
	modes[1].max = UINT32_MAX;
	refused(ERANGE, modes, 2, "mode", "66");
}

Test(refusal, sixteen_modes_fill_sixty_one_bits, .description = "refused tables")
{
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES] = {{0}};

	for (unsigned m = 0; m < 15; m++)
		modes[m].max = 5 + m % 4;
	modes[15].max = 1;
	compiled(modes, 16);
	modes[15].max = 2;
	refused(ERANGE, modes, 16, "mode", "62");
	modes[15].max = 0;
	compiled(modes, 16);
	modes[0].max = 9;
	refused(ERANGE, modes, 16, "mode", "62");
}

Test(refusal, of_a_mode_without_max_where_nothing_is_left,
     .description = "refused tables")
{
	struct fifolock_mode modes[] = {
		{.name = "red", .max = UINT32_MAX},
		{.name = "green", .max = 1u << 26},
		{.name = "blue"},
		{.name = "grey"},
	};

	cr_assert_eq(compiled(modes, 3).capacity[2], 1);
	refused(ERANGE, modes, 4, "", "62");
	modes[1].max = 1u << 27;
	refused(ERANGE, modes, 3, "", "62");
}

Test(refusal, why_may_be_missing_or_small, .description = "refused tables")
{
	struct fifolock_mode mode = {.name = "green", .conflicts = 2};
	char full[200], why[200];
	fifolock_modes_t out;

	cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, full, sizeof(full)), EINVAL);
	cr_assert_lt(strlen(full), sizeof(full) - 1);
	cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, NULL, 0), EINVAL);
	cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, NULL, 200), EINVAL);
	for (size_t size = 0; size < sizeof(why); size++) {
		memset(why, 0xA5, sizeof(why));
		cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, why, size), EINVAL);
		cr_assert(untouched(why + size, sizeof(why) - size));
		if (size == 0)
			continue;
		cr_assert_not_null(memchr(why, 0, size));
		cr_assert_eq(strncmp(why, full, size - 1), 0);
		cr_assert_eq(strlen(why), strlen(full) < size ? strlen(full) : size - 1);
	}
}

Test(refusal, why_survives_a_long_name, .description = "refused tables")
{
	char name[1000], why[64];
	struct fifolock_mode mode = {.name = name, .conflicts = 2};
	fifolock_modes_t out;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(why, 0xA5, sizeof(why));
	cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, why, sizeof(why)), EINVAL);
	cr_assert_not_null(memchr(why, 0, sizeof(why)));
}

Test(refusal, why_is_left_alone_on_success, .description = "refused tables")
{
	struct fifolock_mode mode = {.max = 1};
	fifolock_modes_t out;
	char why[64];

	memset(why, 0xA5, sizeof(why));
	cr_assert_eq(fifolock_modes_compile(&out, &mode, 1, why, sizeof(why)), 0);
	cr_assert(untouched(why, sizeof(why)));
}

static bool always(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)holds;
	(void)mode;
	(void)ctx;
	return true;
}

Test(refusal, of_semaphores_and_predicates, .description = "refused tables")
{
	fifolock_modes_t out;

	memset(&out, 0xA5, sizeof(out));
	errno = 77;
	cr_assert_eq(fifolock_modes_semaphore(&out, 0), ERANGE);
	cr_assert_eq(fifolock_modes_semaphore(NULL, 1), EINVAL);
	cr_assert_eq(fifolock_modes_predicate(&out, 0, 1, always, NULL), EINVAL);
	cr_assert_eq(fifolock_modes_predicate(&out, 17, 1, always, NULL), EINVAL);
	cr_assert_neq(fifolock_modes_predicate(&out, 1, 0, always, NULL), 0);
	cr_assert_eq(fifolock_modes_predicate(&out, 2, 1u << 30, always, NULL), ERANGE);
	cr_assert_eq(fifolock_modes_predicate(&out, 16, 5, always, NULL), ERANGE);
	cr_assert_eq(fifolock_modes_owner_checked(NULL, true), EINVAL);
	cr_assert_eq(errno, 77);
	cr_assert(untouched(&out, sizeof(out)));
	cr_assert_eq(fifolock_modes_predicate(&out, 2, 1u << 29, always, NULL), 0);
	cr_assert_eq(fifolock_modes_predicate(&out, 15, 8, always, NULL), 0);
	cr_assert_eq(fifolock_modes_predicate(&out, 16, 4, always, NULL), 0);
}

/* Fields and capacities. */

Test(modes, max_takes_one_bit_and_its_logarithm, .description = "G2")
{
	for (uint32_t max = 1; max; max = max < 70 ? max + 1 : max * 2) {
		struct fifolock_mode mode = {.max = max};
		fifolock_modes_t modes = compiled(&mode, 1);
		int bits = 1;

		while ((UINT64_C(1) << (bits - 1)) < max)
			bits++;
		cr_assert_eq(__builtin_popcountll(modes.rows[0].field), bits, "%u", max);
		cr_assert_eq(fifolock_modes_capacity(&modes, 0), max);
	}
}

Test(modes, without_max_count_as_many_as_fit, .description = "G2")
{
	struct fifolock_mode modes[FIFOLOCK_MAX_MODES] = {{.max = 1}};

	for (unsigned free = 1; free < FIFOLOCK_MAX_MODES; free++) {
		fifolock_modes_t out = compiled(modes, 1 + free);
		unsigned width = 60 / free - 1;
		uint32_t least = width > 31 ? UINT32_MAX : 1u << width;

		cr_assert_eq(fifolock_modes_capacity(&out, 0), 1);
		for (unsigned m = 1; m <= free; m++)
			cr_assert_geq(fifolock_modes_capacity(&out, m), least);
	}
}

Test(modes, a_limit_on_itself_is_a_capacity, .description = "G2")
{
	static const uint32_t three[] = {3}, none[] = {0};
	const struct {
		struct fifolock_mode mode;
		uint32_t capacity;
	} cases[] = {
		{{.limits = three}, 3},
		{{.limits = three, .max = 2}, 2},
		{{.limits = three, .max = 4}, 3},
		{{.limits = three, .max = 4, .conflicts = 1}, 1},
		{{.max = 7, .limits = none}, 7},
		{{.conflicts = 1}, 1},
	};

	for (unsigned i = 0; i < COUNT(cases); i++) {
		fifolock_modes_t out = compiled(&cases[i].mode, 1);

		cr_assert_eq(fifolock_modes_capacity(&out, 0), cases[i].capacity);
	}
}

Test(modes, capacity_of_a_mode_that_is_not_there_is_0, .description = "modes.h")
{
	cr_assert_eq(fifolock_modes_capacity(&fifolock_mutex_modes, 1), 0);
	cr_assert_eq(fifolock_modes_capacity(&fifolock_intent_modes, 6), 0);
	cr_assert_eq(fifolock_modes_capacity(&fifolock_intent_modes, 16), 0);
	cr_assert_eq(fifolock_modes_capacity(&fifolock_intent_modes, UINT32_MAX), 0);
}

Test(modes, names_are_kept_by_pointer, .description = "modes.h")
{
	static const char red[] = "red";
	const struct fifolock_mode modes[] = {{.name = red, .max = 1}, {.max = 1}};
	fifolock_modes_t out = compiled(modes, 2);

	cr_assert_eq(out.names[0], red);
}

Test(modes, limits_on_others_bind_the_mode_they_are_written_in, .description = "G2")
{
	static const uint32_t two_reads[] = {1, 2}, one_write[] = {1, 0};
	const struct fifolock_mode rw[] = {
		{.name = "write", .limits = two_reads},
		{.name = "read", .max = 9, .limits = one_write},
	};
	fifolock_modes_t modes = compiled(rw, 2);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_trylock(&lock, 1), 0);
	cr_assert_eq(fifolock_trylock(&lock, 1), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, 1), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), 0);
	cr_assert_eq(fifolock_trylock(&lock, 1), EBUSY);
}

Test(modes, a_one_sided_conflict_keeps_only_its_own_mode_waiting, .description = "G2")
{
	static const struct fifolock_mode sides[] = {{.max = 1, .conflicts = 2},
						     {.max = 1}};
	fifolock_modes_t modes = compiled(sides, 2);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_trylock(&lock, 0), 0);
	cr_assert_eq(fifolock_trylock(&lock, 1), 0);
	cr_assert_eq(fifolock_unlock(&lock, 0), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, 1), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), 0);
}

/* Predicates. */

static bool at_most(const uint32_t holds[], unsigned mode, void *ctx)
{
	const uint32_t *budget = ctx;

	return holds[0] + 2 * holds[1] + 1 + mode <= *budget;
}

Test(predicate, is_asked_with_the_holds_the_mode_and_its_context, .description = "G2")
{
	uint32_t budget = 4;
	fifolock_modes_t modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, at_most, &budget), 0);
	cr_assert_eq(modes.count, 2);
	cr_assert_eq(fifolock_modes_capacity(&modes, 0), 3);
	cr_assert_eq(fifolock_modes_capacity(&modes, 1), 3);
	cr_assert_eq(fifolock_modes_capacity(&modes, 2), 0);
	cr_assert_not(modes.flags & FL_MODES_OWNER_CHECKED);
	cr_assert_eq(fifolock_trylock_n(&lock, 1, 3), EBUSY);
	cr_assert_eq(fifolock_trylock(&lock, 1), 0);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 3), EBUSY);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 2), 0);
	cr_assert_eq(fifolock_trylock(&lock, 0), EBUSY);
	cr_assert_eq(fifolock_trylock_n(&lock, 0, 4), ERANGE);
}

Test(predicate, max_each_bounds_what_the_rule_would_allow, .description = "G2")
{
	fifolock_modes_t modes;
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_modes_predicate(&modes, 3, 5, always, NULL), 0);
	for (unsigned m = 0; m < 3; m++) {
		cr_assert_eq(fifolock_trylock_n(&lock, m, 3), 0);
		cr_assert_eq(fifolock_trylock_n(&lock, m, 3), EBUSY);
		cr_assert_eq(fifolock_trylock_n(&lock, m, 2), 0);
		cr_assert_eq(fifolock_trylock(&lock, m), EBUSY);
	}
}

Test(modes, owner_checked_is_said_and_unsaid, .description = "modes.h")
{
	fifolock_modes_t modes = fifolock_mutex_modes;

	cr_assert_eq(fifolock_modes_owner_checked(&modes, false), 0);
	cr_assert_not(modes.flags & FL_MODES_OWNER_CHECKED);
	check_same(&modes, &fifolock_mutex_modes);
	cr_assert_eq(fifolock_modes_owner_checked(&modes, true), 0);
	cr_assert_eq(modes.flags, fifolock_mutex_modes.flags);
}

Test(modes, a_compiled_table_is_plain_data, .description = "modes.h")
{
	fifolock_modes_t *copy = malloc(sizeof(*copy));
	fifolock_t lock;

	cr_assert_not_null(copy);
	memcpy(copy, &fifolock_update_modes, sizeof(*copy));
	cr_assert_eq(fifolock_init(&lock, copy), 0);
	cr_assert_eq(fifolock_init(NULL, copy), EINVAL);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_trylock(&lock, FIFOLOCK_UPDATE), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_SHARED), 0);
	cr_assert_eq(fifolock_unlock(&lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
	free(copy);
}

Test(modes, a_missing_table_is_named_as_such, .description = "refused tables")
{
	static const struct fifolock_mode modes[] = {{.max = 1}, {.max = 1}};
	fifolock_modes_t table;
	char why[200] = "";

	cr_assert_eq(fifolock_modes_compile(NULL, modes, 2, why, sizeof(why)), EINVAL);
	cr_assert_not_null(strstr(why, "NULL"), "%s", why);
	why[0] = '\0';
	cr_assert_eq(fifolock_modes_compile(&table, NULL, 2, why, sizeof(why)), EINVAL);
	cr_assert_not_null(strstr(why, "NULL"), "%s", why);
}
