/* SPDX-License-Identifier: MIT
 *
 * modes.cpp - the table that a compiler makes is the one that fifolock_modes_compile makes.
 */
#include <fifolock/fifolock.hpp>

#include "random.h"
#include "test.hpp"

#include <cstring>
#include <fstream>
#include <string>

namespace
{

/* Under a race detector the library has marked its own, and those that it was told of; of which a
 * compiler knows better what is in them. */
fifolock_modes_t plain(const fifolock_modes_t &marked, unsigned count)
{
	const fifolock_modes_t *at = &marked;

	__asm__ volatile("" : "+r"(at) : : "memory");
	fifolock_modes_t table = *at;

	table.count = count;
	table.flags &= ~(2u | 4u | 0xff00u);
	return table;
}

bool same(const fifolock_modes_t &a, const fifolock_modes_t &b)
{
	bool names = true;

	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES; m++)
		names = names && (a.names[m] == b.names[m] ||
				  (a.names[m] && b.names[m] &&
				   std::strcmp(a.names[m], b.names[m]) == 0));
	return names && a.count == b.count && a.flags == b.flags && a.open == b.open &&
	       !a.compatible && !b.compatible && !a.ctx && !b.ctx && !a.stats &&
	       !b.stats && std::memcmp(a.rows, b.rows, sizeof(a.rows)) == 0 &&
	       std::memcmp(a.capacity, b.capacity, sizeof(a.capacity)) == 0;
}

template <class Preset, class Made> void check_preset()
{
	CHECK(same(plain(*Preset::native(), Preset::size),
		   plain(fifolock::owner_checked<Made>::table, Preset::size)));
}

} // namespace

TEST(the_ready_made_tables_are_what_their_modes_say)
{
	using namespace fifolock;

	check_preset<mutex_modes, modes<exclusive>>();
	check_preset<shared_exclusive_modes, modes<exclusive, shared>>();
	check_preset<update_modes, modes<exclusive, shared, update>>();
	check_preset<intent_modes, modes<exclusive, shared, update, intent_shared,
					 intent_exclusive, shared_intent_exclusive>>();
}

/* ---- tables of types ---- */

namespace
{

struct a;
struct b;
struct c;
struct d;
struct a : fifolock::mode<fifolock::conflicts<b>, fifolock::fewer_than<c, 5>> {
	static constexpr const char *name = "a";
};
struct b : fifolock::mode<fifolock::at_most<1000>, fifolock::fewer_than<b, 900>> {
};
struct c : fifolock::mode<fifolock::at_most<17>, fifolock::conflicts_if_present<a, int>> {
};
struct d : fifolock::mode<fifolock::alone> {
};
using four = fifolock::modes<a, b, c, d>;

} // namespace

TEST(a_table_of_types_is_the_table_of_the_same_matrix)
{
	static const std::uint32_t a_limits[] = {0, 0, 5, 0}, b_limits[] = {0, 900, 0, 0};
	const fifolock_mode modes[] = {{"a", 0, 1u << 1, a_limits},
				       {nullptr, 1000, 0, b_limits},
				       {nullptr, 17, 1u << 0, nullptr},
				       {nullptr, 0, 15, nullptr}};
	fifolock_modes_t made;
	char why[200] = "";

	CHECK(fifolock_modes_compile(&made, modes, 4, why, sizeof(why)) == 0);
	CHECK(same(plain(made, 4), plain(four::table, 4)));
	CHECK(fifolock_modes_capacity(four::native(), four::number<b>()) == 900);
	CHECK(fifolock_modes_capacity(four::native(), four::number<d>()) == 1);
}

/* In memory that nothing can write to, as far as it is told: the loader may first have put
 * addresses into it. */
TEST(a_table_is_read_only)
{
	std::ifstream maps("/proc/self/maps");
	std::string line;
	bool found = false;

	while (std::getline(maps, line)) {
		unsigned long from = 0, to = 0;
		char access[5] = "";
		const auto at = reinterpret_cast<unsigned long>(four::native());

		if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, access) != 3)
			continue;
		if (at < from || at >= to)
			continue;
		found = true;
		CHECK(access[0] == 'r' && access[1] == '-');
	}
	CHECK(found);
}

TEST(a_lock_heeds_limits_in_one_direction)
{
	fifolock::lock<four> lock;

	lock.lock(c(), 4);
	lock.lock(a());
	CHECK(!lock.try_lock(c()));
	lock.unlock(a());
	lock.lock(c());
	CHECK(!lock.try_lock(a()));
	lock.lock(b(), 899);
	CHECK(!lock.try_lock(b(), 2));
}

/* ---- any matrix, at run time ---- */

namespace
{

std::uint32_t amount(std::uint64_t *seed)
{
	switch (oracle_below(seed, 5)) {
	case 0:
		return 0;
	case 1:
		return (1u << oracle_below(seed, 32)) + oracle_below(seed, 3) - 1;
	case 2:
		return oracle_below(seed, 4);
	default:
		return oracle_below(seed, 100);
	}
}

struct matrix {
	unsigned count;
	fifolock_mode modes[20];
	std::uint32_t limits[20][20];
};

/* Few modes, as many do not fit; now and then one that is wrong. */
void fill(matrix &out, std::uint64_t *seed)
{
	out.count = oracle_below(seed, 20) ? 1 + oracle_below(seed, 7)
					   : oracle_below(seed, 20);
	for (unsigned m = 0; m < out.count; m++) {
		for (unsigned x = 0; x < out.count; x++)
			out.limits[m][x] = oracle_below(seed, 3) ? 0 : amount(seed);
		out.modes[m] = {oracle_below(seed, 2) ? "name" : nullptr, amount(seed),
				static_cast<std::uint32_t>(oracle_random(seed)) &
					static_cast<std::uint32_t>(oracle_random(seed)) &
					((1u << out.count) - 1),
				oracle_below(seed, 2) ? out.limits[m] : nullptr};
		if (oracle_below(seed, 100) == 0)
			out.modes[m].conflicts |= 1u << oracle_below(seed, 32);
	}
}

} // namespace

TEST(any_matrix_gives_the_same_table_or_the_same_refusal)
{
	std::uint64_t seed = 1;
	int made = 0, refused = 0;

	for (int turn = 0; turn < 20000; turn++) {
		static matrix in;
		fifolock_modes_t want;

		fill(in, &seed);
		const int error =
			fifolock_modes_compile(&want, in.modes, in.count, nullptr, 0);
		const fifolock::compiled_modes got =
			fifolock::compile_modes(in.modes, in.count);

		CHECK(got.error == error);
		if (error == 0)
			CHECK(same(plain(want, in.count), got.table));
		error ? refused++ : made++;
	}
	CHECK(made > 1000 && refused > 1000);
}

TEST(a_refusal_names_the_mode_that_the_library_names)
{
	const fifolock_mode wide[] = {{"small", 1, 0, nullptr},
				      {"wide", UINT32_MAX, 0, nullptr},
				      {"wider", UINT32_MAX, 0, nullptr}};
	const fifolock_mode dangling[] = {{"fine", 1, 0, nullptr},
					  {"dangling", 1, 4, nullptr}};
	const fifolock::compiled_modes too_wide = fifolock::compile_modes(wide, 3);
	const fifolock::compiled_modes wrong = fifolock::compile_modes(dangling, 2);
	fifolock_modes_t table;
	char why[200] = "";

	CHECK(fifolock_modes_compile(&table, wide, 3, why, sizeof(why)) == ERANGE);
	CHECK(too_wide.error == ERANGE && too_wide.mode == 1);
	CHECK(too_wide.bits == 33 && too_wide.bits_together == 67);
	CHECK(std::strstr(why, "wide:") && std::strstr(why, "33 bits"));
	CHECK(wrong.error == EINVAL && wrong.mode == 1);
	CHECK(fifolock::compile_modes(wide, 0).error == EINVAL);
	CHECK(fifolock::compile_modes(wide, 17).error == EINVAL);
}
