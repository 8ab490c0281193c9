/* SPDX-License-Identifier: MIT
 *
 * table.cpp - table.hpp: keys of all types, their holds, sets and trees.
 *
 * All is done in a table with records, too.
 */
#include <fifolock/table.h>

#include <cerrno>

namespace
{

bool no_memory; /* for the next key */

[[maybe_unused]] int hooked_lock(fifolock_table_t *table, fifolock_key_t key,
				 unsigned mode, fifolock_hold_t *hold)
{
	return no_memory ? ENOMEM : fifolock_table_lock(table, key, mode, hold);
}

} // namespace

#define fifolock_table_lock hooked_lock
#include <fifolock/table.hpp>
#undef fifolock_table_lock

#include "slow_clock.hpp"
#include "test.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using fifolock::exclusive;
using fifolock::shared;

namespace tests
{

enum class color : short { red = -1, blue = 7 };

struct row {
	std::uint32_t table, id;
};
std::uint64_t as_fifolock_key(const row &key)
{
	return std::uint64_t{key.table} << 32 | key.id;
}

struct user {
	std::string name;
};
std::string_view as_fifolock_key(const user &key)
{
	return key.name;
}

/* What it makes is its own. */
struct file {
	std::string folder, name;
};
std::string as_fifolock_key(const file &key)
{
	return key.folder + "/" + key.name;
}

using id = std::array<unsigned char, 16>;
struct session {
	id bytes;
};
const id &as_fifolock_key(const session &key)
{
	return key.bytes;
}

} // namespace tests

namespace
{

struct writer;
struct reader;
struct writer : fifolock::mode<fifolock::conflicts<writer, reader>> {
};
struct reader : fifolock::mode<fifolock::conflicts<writer>, fifolock::at_most<8>> {
};
using rw = fifolock::modes<writer, reader>;

template <class Key> using table_of = fifolock::table<rw, Key>;
template <class Key> using rwx = fifolock::table<fifolock::shared_exclusive_modes, Key>;

using number_hold = table_of<int>::hold;
static_assert(std::is_nothrow_move_constructible_v<number_hold> &&
	      std::is_nothrow_default_constructible_v<number_hold> &&
	      !std::is_copy_constructible_v<number_hold> &&
	      !std::is_constructible_v<number_hold, number_hold &> &&
	      !std::is_copy_assignable_v<number_hold>);
static_assert(std::is_nothrow_move_constructible_v<fifolock::set_hold> &&
	      !std::is_copy_constructible_v<fifolock::set_hold>);
static_assert(std::is_nothrow_move_constructible_v<fifolock::tree_hold> &&
	      !std::is_copy_constructible_v<fifolock::tree_hold>);
static_assert(!std::is_copy_constructible_v<table_of<int>> &&
	      !std::is_move_constructible_v<table_of<int>>);

fifolock_table_options with_records()
{
	fifolock_table_options options{};

	options.records = true;
	return options;
}

/* In both kinds of table. */
template <class Table, class F> void in_tables(F &&body)
{
	for (const auto &options : {fifolock_table_options(), with_records()}) {
		Table table(options);

		body(table);
		CHECK(table.keys() == 0);
	}
}

/* The key is the one that C calls so, and the hold says so. */
template <class Key, class Given, class Seen>
void is(const Given &given, fifolock_key_t native, const Seen &seen)
{
	in_tables<table_of<Key>>([&](auto &table) {
		auto held = table.lock(given, writer());
		fifolock_hold_t other;

		CHECK(held && held.key() == seen && table.keys() == 1);
		CHECK(fifolock_table_trylock(table.native_handle(), native, 1, &other) ==
		      EBUSY);
		held.unlock();
		CHECK(table.try_lock(given, reader(), 8));
		CHECK(table.run(given, writer(), [] { return 42; }) == 42);
		auto set = table.lock_all({{given, reader()}, {given, reader()}});
		CHECK(set && !table.try_lock(given, writer()));
	});
}

} // namespace

/* ---- keys ---- */

TEST(a_number_is_a_key)
{
	is<int>(7, fifolock_key(7), 7);
	is<int>(-7, fifolock_key(UINT64_MAX - 6), -7);
	is<std::uint64_t>(UINT64_MAX, fifolock_key(UINT64_MAX), UINT64_MAX);
	is<std::int64_t>(std::numeric_limits<std::int64_t>::min(),
			 fifolock_key(UINT64_C(1) << 63),
			 std::numeric_limits<std::int64_t>::min());
	is<bool>(true, fifolock_key(1), true);
	is<char>('a', fifolock_key('a'), 'a');
	is<tests::color>(tests::color::red, fifolock_key(UINT64_MAX), tests::color::red);
	is<tests::color>(tests::color::blue, fifolock_key(7), tests::color::blue);
}

TEST(text_is_a_key)
{
	const std::string text(100, 'x');

	is<std::string>("etc/hosts", fifolock_key_text("etc/hosts"), "etc/hosts");
	is<std::string>(text, fifolock_key_text(text.c_str()), text);
	is<std::string_view>(text, fifolock_key_text(text.c_str()), text);
	is<std::string>("", fifolock_key_text(""), "");
	is<std::string_view>(std::string_view(), fifolock_key_text(""), "");
	is<std::string_view>(std::string_view("a\0b", 3), fifolock_key_bytes("a\0b", 3),
			     std::string_view("a\0b", 3));
	is<const char *>("text", fifolock_key_text("text"), "text");
}

TEST(an_array_of_bytes_is_a_key)
{
	const tests::id id{1, 2, 3, 0, 5};
	const std::array<char, 3> text{'a', 'b', 'c'};
	const std::array<std::byte, 1> one{std::byte{9}};

	is<tests::id>(id, fifolock_key_bytes(id.data(), 16), id);
	is<std::array<char, 3>>(text, fifolock_key_text("abc"), text);
	is<std::array<std::byte, 1>>(one, fifolock_key_bytes("\t", 1), one);
	is<std::array<char, 0>>(std::array<char, 0>(), fifolock_key_text(""),
				std::array<char, 0>());
}

TEST(a_type_of_ones_own_is_a_key_by_as_fifolock_key)
{
	const tests::session session{{7, 8, 9}};

	is<tests::row>(tests::row{3, 5}, fifolock_key(3 * (UINT64_C(1) << 32) + 5),
		       3 * (UINT64_C(1) << 32) + 5);
	is<tests::user>(tests::user{"root"}, fifolock_key_text("root"), "root");
	is<tests::file>(tests::file{"etc", "hosts"}, fifolock_key_text("etc/hosts"),
			"etc/hosts");
	is<tests::session>(session, fifolock_key_bytes(session.bytes.data(), 16),
			   session.bytes);
}

TEST(a_key_of_c_is_a_key)
{
	table_of<fifolock_key_t> table;
	const auto number = table.lock(fifolock_key(5), writer());
	const auto text = table.lock(fifolock_key_text("5"), writer());

	CHECK(!number.key().bytes && number.key().n == 5);
	CHECK(text.key().n == 1 && *static_cast<const char *>(text.key().bytes) == '5');
	CHECK(!table.try_lock(fifolock_key(5), reader()));
	CHECK(!table.try_lock(fifolock_key_text("5"), reader()));
}

/* ---- holds ---- */

TEST(a_hold_is_given_back_by_its_destructor_and_keys_do_not_meet)
{
	in_tables<rwx<int>>([](rwx<int> &table) {
		{
			auto one = table.lock(1);
			auto two = table.lock_shared(2);

			CHECK(one.has(exclusive()) && two.has(shared()));
			CHECK(!one.has(shared()) && table.keys() == 2);
			CHECK(!table.try_lock(1) && !table.try_lock_shared(1));
			CHECK(!table.try_lock(2) && table.try_lock_shared(2));
			CHECK(table.try_lock(3));
		}
		CHECK(table.keys() == 0 && table.try_lock(1) && table.try_lock(2));
	});
}

TEST(a_hold_moves)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		std::vector<number_hold> holds;

		for (int i = 0; i < 100; i++) /* they move as it grows */
			holds.push_back(table.lock(i * 37 % 100, writer()));
		std::sort(holds.begin(), holds.end(),
			  [](auto &a, auto &b) { return a.key() < b.key(); });
		for (int i = 0; i < 100; i++)
			CHECK(holds[std::size_t(i)].key() == i);
		holds.erase(holds.begin(), holds.begin() + 50);
		for (int i = 0; i < 100; i++)
			CHECK(bool(table.try_lock(i, writer())) == (i < 50));
		CHECK(table.keys() == 50);

		auto last = std::move(holds.back());

		CHECK(last.key() == 99 && !holds.back() && !holds.back().owns_lock());
		last = table.lock(100, writer()); /* gives back what it has */
		CHECK(last.key() == 100 && table.try_lock(99, writer()));
		last.swap(holds[0]);
		CHECK(last.key() == 50 && holds[0].key() == 100);
		last = std::move(holds[0]);
		CHECK(last.key() == 100 && table.try_lock(50, writer()));
	});
}

TEST(a_hold_is_given_back_by_another_thread)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto held = table.lock(1, writer());

		std::thread([other = std::move(held)]() mutable {
			other.unlock();
		}).join();
		CHECK(!held && table.try_lock(1, writer()));
	});
}

TEST(a_released_hold_is_given_back_in_c)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto held = table.lock(1, writer());
		fifolock_hold_t hold = held.release();

		CHECK(!held && !table.try_lock(1, reader()));
		CHECK(fifolock_table_unlock(&hold) == 0 && table.try_lock(1, writer()));
	});
}

TEST(a_hold_has_a_weight)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto three = table.lock(1, reader(), 3);
		auto five = table.try_lock(1, reader(), 5);

		CHECK(three && five && !table.try_lock(1, reader()));
		three.unlock();
		CHECK(!table.try_lock(1, reader(), 4) && table.try_lock(1, reader(), 3));
		CHECK(error_of([&] { five.convert(writer()); }) == ERANGE);
		CHECK(error_of([&] { (void)table.lock(2, reader(), 9); }) == ERANGE);
		CHECK(error_of([&] { (void)table.try_lock(2, reader(), 0); }) == ERANGE);
	});
}

TEST(a_hold_converts)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto held = table.lock(1, reader());
		auto other = table.lock(1, reader());

		CHECK(!held.try_convert(writer()) && held.has(reader()));
		CHECK(!held.try_convert_for(writer(), 1ms) && held.has(reader()));
		CHECK(!held.try_convert_until(writer(), slow_clock::now() + 10ms));
		CHECK(held.has(reader()) && table.try_lock(1, reader()));
		other.unlock();
		held.convert(writer());
		CHECK(held.has(writer()) && !table.try_lock(1, reader()));
		CHECK(held.try_convert(reader()) && table.try_lock(1, reader()));
		CHECK(held.try_convert_for(writer(), 1h) && held.has(writer()));
		CHECK(held.try_convert_until(reader(),
					     std::chrono::system_clock::now() + 1h));
		CHECK(held.has(reader()) && held.mode() == 1);
	});
}

TEST(two_conversions_that_wait_for_each_other_are_an_error)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto held = table.lock(1, reader());
		std::thread other([&] {
			auto its = table.lock(1, reader());

			its.convert(writer());
			CHECK(its.has(writer()));
		});

		wait_until([&] { return !table.try_lock(1, reader()); });
		CHECK(error_of([&] { held.convert(writer()); }) == EDEADLK);
		CHECK(error_of([&] { (void)held.try_convert_for(writer(), 1h); }) ==
		      EDEADLK);
		CHECK(held.has(reader()));
		held.unlock();
		other.join();
	});
}

/* ---- deadlines ---- */

TEST(a_deadline_passes_on_any_clock)
{
	in_tables<rwx<std::string>>([](rwx<std::string> &table) {
		auto held = table.lock("a");

		in_another_thread([&] {
			CHECK(!table.try_lock_for("a", 1ms));
			CHECK(!table.try_lock_shared_for("a", 1ms));
			CHECK(!table.try_lock_until("a",
						    std::chrono::steady_clock::now()));
			CHECK(!table.try_lock_until(
				"a", std::chrono::system_clock::now() + 1ms));
			CHECK(!table.try_lock_until("a", slow_clock::now() + 10ms));
			CHECK(!table.try_lock_shared_until("a", slow_clock::now()));
			CHECK(table.try_lock_for("b", 0s));
			CHECK(table.try_lock_until("b", slow_clock::now() - 1h));
		});
		held.unlock();
		CHECK(table.try_lock_for("a", -1s));
	});
}

/* As differences to now they are out of range. */
TEST(a_time_before_all_others_has_passed)
{
	const auto before = std::chrono::system_clock::time_point::min();
	fifolock::table<fifolock::shared_exclusive_modes, int> table;
	fifolock::tree tree;
	auto held = table.lock_shared(1);
	auto below = tree.lock({{}, {"usr"}});

	in_another_thread([&] {
		CHECK(!table.try_lock_until(1, before));
		CHECK(!table.try_lock_until(
			1, std::chrono::steady_clock::time_point::min()));
		CHECK(!table.try_lock_all_until({{1, fifolock::exclusive()}}, before));
		CHECK(!tree.try_lock_until({{"usr"}, {}}, before));
		auto other = table.lock_shared(1);

		CHECK(!other.try_convert_until(fifolock::exclusive(), before));
	});
}

TEST(a_wait_with_a_deadline_ends_with_the_hold)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		auto held = table.lock(1, writer());
		std::atomic<int> had{0};
		std::thread waits([&] {
			auto its = table.try_lock_until(
				1, reader(), std::chrono::system_clock::now() + 1h);

			had += its.has(reader());
			its = number_hold();
			had += bool(table.try_lock_for(1, reader(), 1h, 8));
		});

		held.unlock();
		waits.join();
		CHECK(had == 2);
	});
}

/* ---- errors ---- */

TEST(misuse_is_an_error)
{
	table_of<int> table;
	number_hold none;
	fifolock_table_options options{};

	CHECK(!none && error_of([&] { none.unlock(); }) == EPERM);
	CHECK(error_of([&] { none.convert(writer()); }) == EPERM);
	CHECK(error_of([&] { (void)none.try_convert_for(writer(), 1s); }) == EPERM);
	CHECK(error_of([&] { (void)none.key(); }) == EPERM);
	CHECK(error_of([&] { fifolock::set_hold().unlock(); }) == EPERM);
	CHECK(error_of([&] { fifolock::tree_hold().unlock(); }) == EPERM);
	options.reserved[1] = 1;
	CHECK(error_of([&] { table_of<int> impossible(options); }) == EINVAL);

	/* A hold that is given back twice. */
	auto held = table.lock(1, reader());
	auto other = table.lock(1, reader());
	fifolock_hold_t copy = held.release();

	CHECK(fifolock_table_unlock(&copy) == 0);
	other.unlock();
	CHECK(!other && error_of([&] { other.unlock(); }) == EPERM);
}

TEST(no_memory_is_bad_alloc)
{
	in_tables<table_of<int>>([](table_of<int> &table) {
		bool thrown = false;

		no_memory = true;
		try {
			(void)table.lock(1, writer());
		} catch (const std::bad_alloc &) {
			thrown = true;
		}
		no_memory = false;
		CHECK(thrown && table.try_lock(1, writer()));
	});
}

/* ---- deadlocks ---- */

TEST(the_youngest_request_of_a_deadlock_is_refused)
{
	fifolock_table_options options{};

	options.deadlock_after_ns = 1000000;
	options.deadlock_refuse = true;
	rwx<std::string> table(options);
	std::atomic<int> ready{0}, refused{0}, had{0};

	in_threads(2, [&](int t) {
		auto first = table.lock(t ? "a" : "b");

		ready++;
		wait_until([&] { return ready == 2; });
		try {
			auto second = t ? table.try_lock_for("b", 1h) : table.lock("a");

			had += second.owns_lock();
		} catch (const std::system_error &thrown) {
			refused += thrown.code().value() == EDEADLK;
		}
	});
	CHECK(refused == 1 && had == 1 && table.keys() == 0);
}

/* ---- sections ---- */

TEST(a_section_returns_and_throws)
{
	in_tables<rwx<tests::file>>([](rwx<tests::file> &table) {
		const tests::file key{"etc", "hosts"};
		auto text = std::make_unique<int>(5);

		CHECK(*table.run(key, [&] { return std::move(text); }) == 5);
		CHECK(&table.run(
			      key, shared(), [&]() -> auto & { return key; }) == &key);
		CHECK(error_of([&] {
			      table.run(key, [] {
				      throw std::system_error(EDOM,
							      std::generic_category());
			      });
		      }) == EDOM);
		CHECK(table.run(key, [&] { return table.keys(); }) == 1);
	});
}

TEST(sections_of_a_key_are_alone)
{
	in_tables<rwx<int>>([](rwx<int> &table) {
		long sums[2] = {0, 0};

		in_threads(4, [&](int t) {
			for (int i = 0; i < 2000; i++) {
				const int key = (i + t) % 2;

				table.run(key, [&] { sums[key]++; });
			}
		});
		CHECK(sums[0] == 4000 && sums[1] == 4000);
	});
}

/* ---- sets ---- */

TEST(a_set_is_held_and_moves)
{
	in_tables<rwx<std::string>>([](rwx<std::string> &table) {
		const std::string b = "b";
		auto set = table.lock_all({{"c", exclusive()}, {b, shared()}});

		CHECK(set && !table.try_lock_shared("c") && table.try_lock_shared("b"));
		auto other = std::move(set);
		CHECK(!set && other && !table.try_lock("b"));
		set = table.lock_all({{"d", exclusive()}});
		set.swap(other);
		CHECK(!table.try_lock("b") && !table.try_lock("d"));
		other = fifolock::set_hold();
		CHECK(!table.try_lock("b") && table.try_lock("d"));
		set.unlock();
		CHECK(!set && table.try_lock("b") && table.try_lock("c"));
		CHECK(table.lock_all({}).owns_lock());
	});
}

TEST(a_set_is_any_range_of_items)
{
	in_tables<rwx<tests::file>>([](rwx<tests::file> &table) {
		std::vector<rwx<tests::file>::item> items;

		for (const char *name : {"a", "c", "b", "a"})
			items.emplace_back(tests::file{"etc", name}, shared());
		items.emplace_back(tests::file{"etc", "a"}, exclusive());
		auto set = table.lock_all(items);

		CHECK(table.keys() == 3 && !table.try_lock_shared({"etc", "a"}));
		CHECK(table.try_lock_shared({"etc", "b"}) &&
		      table.try_lock_shared({"etc", "c"}));
	});
}

TEST(a_set_that_is_not_to_be_had_in_time_holds_none)
{
	in_tables<rwx<int>>([](rwx<int> &table) {
		auto held = table.lock(5);
		std::vector<rwx<int>::item> items;

		for (int i = 0; i < 10; i++)
			items.emplace_back(i, shared());
		in_another_thread([&] {
			CHECK(!table.try_lock_all_for(items, 1ms));
			CHECK(!table.try_lock_all_until(items, slow_clock::now() + 10ms));
			CHECK(!table.try_lock_all_for({{4, shared()}, {5, shared()}},
						      1ms));
			CHECK(!table.try_lock_all_until(
				{{4, shared()}, {5, shared()}},
				std::chrono::steady_clock::now()));
			CHECK(table.try_lock_all_for({{4, shared()}, {6, shared()}},
						     1ms));
		});
		CHECK(table.keys() == 1);
		held.unlock();
		CHECK(table.try_lock_all_for(items, 1h));
		CHECK(table.try_lock_all_until(items, std::chrono::system_clock::now()));
	});
}

TEST(sets_in_any_order_do_not_wait_in_a_circle)
{
	in_tables<rwx<int>>([](rwx<int> &table) {
		long sums[3] = {0, 0, 0};

		in_threads(3, [&](int t) {
			for (int i = 0; i < 2000; i++) {
				const int a = (t + i) % 3, b = (t + i * 2 + 1) % 3;
				auto set = table.lock_all(
					{{a, exclusive()}, {b, exclusive()}});

				sums[a]++;
				sums[b]--;
			}
		});
		CHECK(sums[0] + sums[1] + sums[2] == 0);
	});
}

/* ---- trees ---- */

TEST(a_sub_tree_is_locked_with_all_below)
{
	fifolock::tree tree;
	const std::string home = "home/a";
	auto held = tree.lock({{"usr/share"}, {home, "var"}});

	in_another_thread([&] {
		CHECK(!tree.try_lock_for({{"home/a/deep/er"}, {}}, 1ms));
		CHECK(!tree.try_lock_for({{}, {"usr/share/doc"}}, 1ms));
		CHECK(!tree.try_lock_for({{"/"}, {}}, 1ms));
		CHECK(!tree.try_lock_until({{}, {"usr"}}, slow_clock::now() + 10ms));
		CHECK(tree.try_lock_for({{"usr/share/doc", "usr"}, {"home/b"}}, 1h));
	});
	auto other = std::move(held);
	CHECK(!held && other && fifolock_table_keys(tree.native_table()) > 0);
	other.unlock();
	CHECK(fifolock_table_keys(tree.native_table()) == 0);
	CHECK(tree.try_lock_until({{}, {""}}, std::chrono::steady_clock::now()));
	CHECK(tree.lock({}));
	CHECK(error_of([&] { (void)tree.lock({{".."}, {}}); }) == EINVAL);
	CHECK(error_of([&] { (void)tree.lock_nodes({}); }) == EINVAL);
}

TEST(paths_are_one_or_a_range_of_what_ends_with_a_nul)
{
	fifolock::tree tree;
	const std::vector<std::string> many{"a", "b/c"};
	const char *const texts[] = {"d", "e"};
	const fifolock::tree_paths paths{many, texts};

	CHECK(paths.read.size() == 2 && paths.write.size() == 2);
	CHECK(paths.read.data()[1] == many[1].c_str());
	CHECK(fifolock::tree_path_list("one").size() == 1);
	CHECK(fifolock::tree_path_list(many[0]).size() == 1);
	CHECK(fifolock::tree_path_list().size() == 0);
#if __cplusplus >= 202002L
	auto held = tree.lock({.read = many, .write = "x"});
	CHECK(tree.try_lock_for({.read = "a"}, 1h));
	in_another_thread([&] { CHECK(!tree.try_lock_for({.write = {"a", "y"}}, 1ms)); });
#endif
}

TEST(a_tree_of_nodes_has_a_parent_function)
{
	fifolock_tree_options options{};

	options.parent = [](void *, fifolock_key_t node, fifolock_key_t *above) {
		*above = fifolock_key(node.n / 2);
		return node.n > 1;
	};
	fifolock::tree tree(options);
	auto held = tree.lock_nodes({{fifolock_key(4)}, {fifolock_key(5)}});

	in_another_thread([&] {
		CHECK(!tree.try_lock_nodes_for({{fifolock_key(21)}, {}}, 1ms));
		CHECK(!tree.try_lock_nodes_until({{}, {fifolock_key(2)}},
						 slow_clock::now()));
		CHECK(tree.try_lock_nodes_for({{fifolock_key(8)}, {fifolock_key(3)}},
					      1h));
	});
}

/* ---- many ---- */

TEST(many_threads_lock_many_keys)
{
	in_tables<table_of<std::string_view>>([](table_of<std::string_view> &table) {
		static const char *const names[] = {"a", "b", "c", "d", "e"};
		long sums[5] = {0, 0, 0, 0, 0};

		in_threads(4, [&](int t) {
			std::vector<table_of<std::string_view>::hold> holds;

			for (int i = 0; i < 5000; i++) {
				const auto k = std::size_t(i * 7 + t) % 5;
				auto held = table.lock(names[k], writer());

				CHECK(held.key() == names[k]);
				sums[k]++;
				holds.push_back(std::move(held));
				holds.clear();
			}
		});
		CHECK(sums[0] + sums[1] + sums[2] + sums[3] + sums[4] == 20000);
	});
}
