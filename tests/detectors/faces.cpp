/* SPDX-License-Identifier: MIT
 *
 * faces.cpp - programs on fifolock.hpp that a race detector looks at: as main.c has them for C.
 * faces NAME [race]: one of them, or `all` that are correct.  Without a name: all names.
 */
#include <fifolock/fifolock.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#ifdef FIFOLOCK_HAS_ASYNC
#include "../support/job.hpp"
#endif

using namespace std::chrono_literals;

namespace
{

constexpr int threads = 3, turns = 20;

bool races;
long beside, data[8]; /* data: zero when a program begins */

#define must(that)                                                                  \
	do {                                                                        \
		if (!(that)) {                                                      \
			std::fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, \
				     #that);                                        \
			std::_Exit(3);                                              \
		}                                                                   \
	} while (0)

template <class F> void crowd(F body)
{
	std::vector<std::thread> all;

	for (int i = 0; i < threads; i++)
		all.emplace_back([body, i]() mutable {
			if (races)
				beside++;
			for (int turn = 0; turn < turns; turn++)
				body(i, turn);
		});
	for (std::thread &thread : all)
		thread.join();
}

/* One after the other, and nothing but the lock between them. */
template <class F, class G> void each(F one, G other)
{
	std::thread first(one), second(other);

	first.join();
	second.join();
}

/* A table that the compiler has made, in memory that is read-only. */
struct writer;
struct reader;
struct auditor;
struct writer : fifolock::mode<fifolock::alone> {
	static constexpr const char *name = "writer";
};
struct reader : fifolock::mode<fifolock::conflicts<writer>> {
	static constexpr const char *name = "reader";
};
struct auditor
	: fifolock::mode<fifolock::conflicts<writer>, fifolock::fewer_than<reader, 2>> {
	static constexpr const char *name = "auditor";
};
using table = fifolock::modes<writer, reader, auditor>;

/* ---- correct ---- */

fifolock::mutex early; /* as are the tables: before main */

void mutex()
{
	crowd([](int, int) {
		std::lock_guard guard(early);
		data[0]++;
	});
	must(data[0] == threads * turns);
}

void shared()
{
	fifolock::shared_mutex lock;

	crowd([&](int me, int turn) {
		if ((me + turn) % 3 == 0) {
			std::unique_lock guard(lock);
			data[0]++;
		} else {
			std::shared_lock guard(lock);
			must(data[0] >= 0);
		}
	});
}

template <class Table> void with_table()
{
	fifolock::lock<Table> lock;

	crowd([&](int me, int turn) {
		if ((me + turn) % 3 == 0) {
			fifolock::hold held(lock, writer());
			data[0]++;
		} else if ((me + turn) % 3 == 1) {
			fifolock::hold held(lock, reader());
			must(data[0] >= 0);
		} else {
			fifolock::hold held(lock, auditor());
			must(data[0] >= 0);
		}
	});
}

void made_table()
{
	with_table<table>();
	with_table<fifolock::owner_checked<table>>();
}

void timed()
{
	fifolock::shared_mutex lock;

	crowd([&](int me, int turn) {
		if ((me + turn) % 2) {
			std::unique_lock guard(lock, turn % 4 ? 2s : 0s);
			data[0] += guard.owns_lock();
		} else if (lock.try_lock_shared_until(std::chrono::system_clock::now() +
						      2s)) {
			must(data[0] >= 0);
			lock.unlock_shared();
		}
	});
}

void semaphore()
{
	fifolock::counting_semaphore<4> all(4);

	crowd([&](int me, int turn) {
		if ((me + turn) % 3 == 0) {
			all.acquire(4);
			data[0]++;
			all.release(1);
			all.release(3);
		} else {
			all.acquire();
			must(data[0] >= 0);
			all.release();
		}
	});
}

/* What one thread releases the other has acquired. */
void signals()
{
	fifolock::binary_semaphore ping(0), pong(0);

	each(
		[&] {
			for (int i = 0; i < turns; i++) {
				ping.acquire();
				data[0]++;
				pong.release();
			}
		},
		[&] {
			for (int i = 0; i < turns; i++) {
				data[0]++;
				ping.release();
				pong.acquire();
			}
		});
	must(data[0] == 2 * turns);
}

void condition()
{
	fifolock::mutex lock;
	fifolock::condition changed;

	crowd([&](int me, int turn) {
		std::unique_lock guard(lock);

		changed.wait(guard, [&] { return data[0] % threads == me; });
		data[0]++;
		data[1] = turn;
		changed.notify_all();
	});
	must(data[0] == threads * turns);
}

void run()
{
	fifolock::mutex lock;

	crowd([&](int me, int turn) {
		const long sum = lock.run([&] { return data[0] += me; });
		bool caught = false;

		must(sum >= me);
		try {
			lock.run([&] {
				data[1]++;
				if (turn % 4 == 0)
					throw std::runtime_error("as planned");
			});
		} catch (const std::runtime_error &) {
			caught = true;
		}
		must(caught == (turn % 4 == 0));
	});
	must(data[1] == threads * turns);
}

void convert()
{
	fifolock::update_mutex lock;

	crowd([&](int me, int turn) {
		fifolock::hold held(lock, fifolock::update());

		must(data[0] >= 0);
		if ((me + turn) % 2) {
			held.convert(fifolock::exclusive());
			data[0]++;
		}
		held.convert(fifolock::shared());
		must(data[0] >= 0);
	});
}

#ifdef FIFOLOCK_HAS_ASYNC
job adds(fifolock::async_shared_mutex &lock, long mine, long &sum)
{
	{
		auto held = co_await lock.async(fifolock::shared());
		must(data[0] >= 0);
	}
	auto held = co_await lock.async(fifolock::exclusive());

	data[0]++;
	sum += mine;
}

void coroutines()
{
	fifolock::async_shared_mutex lock;
	long sum = 0;

	crowd([&](int me, int) {
		adds(lock, me, sum);
		std::unique_lock guard(lock);
		data[0]++;
		adds(lock, me, sum); /* has to wait */
	});
	/* Behind all that are in line; some of them may come once more. */
	for (bool all = false; !all;) {
		std::unique_lock guard(lock);
		all = data[0] == 3 * threads * turns;
	}
}
#endif

/* ---- wrong, whatever the threads' turns ---- */

void race_shared()
{
	fifolock::shared_mutex lock;
	const auto writes = [&] {
		std::shared_lock guard(lock);
		beside++;
	};

	each(writes, writes);
}

void race_table()
{
	fifolock::lock<table> lock;

	each(
		[&] {
			fifolock::hold held(lock, reader());
			beside++;
		},
		[&] {
			fifolock::hold held(lock, reader());
			beside++;
		});
}

/* Never at once, so that nothing happens, this time. */
void inversion()
{
	fifolock::lock<fifolock::owner_checked<table>> one, two;
	const auto take = [](auto &first, auto &second) {
		std::thread([&] {
			fifolock::hold outer(first, writer());
			fifolock::hold inner(second, writer());
		}).join();
	};

	take(one, two);
	take(two, one);
}

/* Correct: it takes them both, or none. */
void scoped()
{
	fifolock::mutex one, two;

	each([&] { std::scoped_lock both(one, two); },
	     [&] { std::scoped_lock both(two, one); });
}

const struct program {
	const char *name;
	void (*run)();
	bool wrong;
} programs[] = {
	{"mutex", mutex, false},
	{"shared", shared, false},
	{"table", made_table, false},
	{"timed", timed, false},
	{"semaphore", semaphore, false},
	{"signals", signals, false},
	{"condition", condition, false},
	{"run", run, false},
	{"convert", convert, false},
	{"scoped", scoped, false},
#ifdef FIFOLOCK_HAS_ASYNC
	{"coroutines", coroutines, false},
#endif
	{"race-shared", race_shared, true},
	{"race-table", race_table, true},
	{"inversion", inversion, true},
};

} // namespace

int main(int argc, char **argv)
{
	int found = 0;

	races = argc > 2 && std::strcmp(argv[2], "race") == 0;
	for (const program &program : programs) {
		if (argc < 2) {
			std::printf("%s%s\n", program.wrong ? "wrong " : "",
				    program.name);
		} else if (std::strcmp(argv[1], "all") == 0
				   ? !program.wrong
				   : std::strcmp(argv[1], program.name) == 0) {
			std::fprintf(stderr, "-- %s\n", program.name);
			std::memset(data, 0, sizeof(data));
			program.run();
			found++;
		}
	}
	return argc < 2 || found ? 0 : 2;
}
