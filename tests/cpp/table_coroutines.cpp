/* SPDX-License-Identifier: MIT
 *
 * table_coroutines.cpp - co_await table.async(key, mode), in a table with records, too.
 */
#include <fifolock/table.hpp>

#include "waits.hpp"
#include "test.hpp"

#ifndef FIFOLOCK_HAS_ASYNC
TEST(this_compiler_has_no_coroutines)
{
	std::fprintf(stderr, "   nothing is tested\n");
}
#else

#include <memory>
#include <string>

using fifolock::exclusive;
using fifolock::shared;

namespace
{

using table = fifolock::table<fifolock::modes<exclusive, shared>, std::string>;

template <class F> void in_tables(F &&body)
{
	for (const bool records : {false, true}) {
		fifolock_table_options options{};

		options.records = records;
		table keys(options);

		body(keys);
		CHECK(keys.keys() == 0);
	}
}

/* It keeps what it gets. */
job takes(table &keys, std::string key, table::hold &held, std::atomic<int> &had)
{
	held = co_await keys.async(key, exclusive());
	CHECK(held.has(exclusive()) && held.key() == key);
	had++;
}

} // namespace

TEST(a_key_that_is_free_is_had_at_once)
{
	in_tables([](table &keys) {
		std::atomic<int> had{0};
		table::hold one, other;

		takes(keys, "one", one, had);
		takes(keys, "other", other, had);
		CHECK(had == 2 && !keys.try_lock_shared("one"));
		other.unlock();
		CHECK(keys.try_lock("other"));
	});
}

TEST(it_goes_on_where_the_hold_is_given_back)
{
	in_tables([](table &keys) {
		std::atomic<int> had{0};
		auto first = keys.lock("key");
		table::hold second, third;

		takes(keys, "key", second, had);
		takes(keys, "key", third, had);
		CHECK(had == 0 && !second);
		first.unlock();
		CHECK(had == 1 && second && !third);

		auto moved = std::move(second);

		CHECK(!keys.try_lock_shared("key"));
		moved.unlock();
		CHECK(had == 2 && third.key() == "key");
	});
}

TEST(one_that_always_asks_again_is_handed_over_and_goes_on_when_due)
{
	in_tables([](table &keys) {
		int turns = 0;
		const auto asks_again = [&]() -> job {
			for (int i = 0; i < 1000; i++) {
				auto held = co_await keys.async("key", exclusive());

				turns++;
			}
		};
		auto held = keys.lock("key", exclusive());

		asks_again();
		asks_again();
		held.unlock();
		CHECK(turns < 2000);
		while (turns < 2000)
			CHECK(keys.run_due() > 0);
	});
}

TEST(it_goes_on_by_a_resume_function)
{
	in_tables([](table &keys) {
		std::coroutine_handle<> posted;
		std::atomic<int> ended{0};
		int error = -1;
		auto first = keys.lock("key");

		waits(
			[&] {
				return keys.async(
					"key", shared(),
					[&posted, only = std::unique_ptr<int>()](
						auto handle) { posted = handle; });
			},
			ended, error);
		first.unlock();
		CHECK(ended == 0 && posted && !keys.try_lock("key"));
		posted.resume();
		CHECK(ended == 1 && error == 0 && keys.try_lock("key"));
	});
}

TEST(the_youngest_request_of_a_deadlock_is_refused)
{
	fifolock_table_options options{};

	options.records = true;
	table keys(options);
	std::atomic<int> ended{0};
	int errors[2] = {-1, -1};
	table::hold holds[2];

	for (unsigned owner : {0u, 1u}) {
		fifolock_table_owner(owner + 1);
		holds[owner] = keys.lock(owner ? "a" : "b");
	}
	for (unsigned owner : {0u, 1u}) {
		fifolock_table_owner(owner + 1);
		waits([&] { return keys.async(owner ? "b" : "a"); }, ended,
		      errors[owner]);
	}
	CHECK(ended == 0);
	CHECK(fifolock_table_deadlocks(keys.native_handle(), nullptr, nullptr, true) ==
	      EDEADLK);
	CHECK(ended == 1 && errors[1] == EDEADLK);
	holds[1].unlock();
	CHECK(ended == 2 && errors[0] == 0);
	fifolock_table_owner(0);
}

TEST(many_threads_wait_as_coroutines)
{
	in_tables([](table &keys) {
		std::atomic<int> ended{0};
		long sum = 0;
		auto adds = [&](const char *key) -> job {
			auto held = co_await keys.async(key);

			sum++;
			held.unlock();
			ended++;
		};

		in_threads(4, [&](int) {
			for (int i = 0; i < 2000; i++)
				adds("key");
		});
		while (ended < 8000)
			fifolock_table_run_due(keys.native_handle());
		CHECK(sum == 8000);
	});
}

#if defined(__cpp_lib_jthread)

TEST(a_stop_takes_the_request_out_of_the_line)
{
	in_tables([](table &keys) {
		std::stop_source stop;
		std::atomic<int> ended{0};
		int error = -1, behind = -1;
		auto first = keys.lock_shared("key");

		waits([&] { return keys.async("key", exclusive(), stop.get_token()); },
		      ended, error);
		waits([&] { return keys.async("key", shared()); }, ended, behind);
		CHECK(ended == 0);
		stop.request_stop();
		CHECK(ended == 2 && error == ECANCELED && behind == 0);
		waits([&] { return keys.async("key", stop.get_token()); }, ended, error);
		CHECK(ended == 3 && error == ECANCELED && keys.keys() == 1);
		waits([&] { return keys.async("other", stop.get_token()); }, ended,
		      error);
		CHECK(ended == 4 && error == 0);
	});
}

TEST(a_stop_beside_a_grant_is_one_of_them)
{
	in_tables([](table &keys) {
		for (int i = 0; i < 2000; i++) {
			std::stop_source stop;
			std::atomic<int> ended{0};
			int error = -1;
			auto first = keys.lock("key");

			waits(
				[&] {
					return keys.async("key", shared(),
							  stop.get_token());
				},
				ended, error);
			std::thread stops([&] { stop.request_stop(); });

			first.unlock();
			stops.join();
			CHECK(ended == 1 && (error == 0 || error == ECANCELED));
		}
	});
}

#endif
#endif
