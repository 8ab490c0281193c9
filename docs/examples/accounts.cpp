/* SPDX-License-Identifier: MIT
 *
 * accounts.cpp - in C++: modes of one's own, checked by the compiler; sections; conditions.
 *
 * Each thread posts to an account of its own, beside the others. Reports go side by side, too, but
 * not beside a posting. Neither passes the other in line.
 */
#include <fifolock/fifolock.hpp>
#include <cstdio>
#include <numeric>
#include <thread>
#include <vector>

struct posting;
struct report;

struct posting : fifolock::mode<fifolock::conflicts<report>, fifolock::at_most<8>> {
	static constexpr const char *name = "posting";
};
struct report : fifolock::mode<fifolock::conflicts<posting>> {
	static constexpr const char *name = "report";
};

static fifolock::lock<fifolock::modes<posting, report>> books;
static std::vector<long> accounts(4);

static void post(std::size_t account, long amount)
{
	fifolock::hold held(books, posting{});

	accounts[account] += amount;
}

static long total()
{
	fifolock::hold held(books, report{});

	return std::accumulate(accounts.begin(), accounts.end(), 0L);
}

static fifolock::mutex journal;
static fifolock::condition finished;
static unsigned long entries, threads_left = 4;

/* The section may be run by another thread; what it returns comes back. */
static unsigned long enter()
{
	return journal.run([] { return ++entries; });
}

static void work(std::size_t account, bool &in_order)
{
	unsigned long last = 0;

	for (int i = 0; i < 5000; i++) {
		const unsigned long number = enter();

		in_order = in_order && number > last;
		last = number;
		post(account, 1);
	}
	std::lock_guard guard(journal);
	threads_left--;
	finished.notify_one();
}

int main()
{
	bool in_order[4] = {true, true, true, true};
	std::vector<std::thread> threads;
	long seen = 0;
	bool grows = true;

	for (std::size_t i = 0; i < 4; i++)
		threads.emplace_back([&, i] { work(i, in_order[i]); });
	for (int i = 0; i < 100; i++) {
		const long now = total();

		grows = grows && now >= seen;
		seen = now;
	}
	{
		std::unique_lock guard(journal);

		finished.wait(guard, [] { return threads_left == 0; });
	}
	for (std::thread &thread : threads)
		thread.join();
	std::printf("%lu entries, %ld in all\n", entries, total());
	return !(grows && in_order[0] && in_order[1] && in_order[2] && in_order[3] &&
		 entries == 20000 && total() == 20000);
}
