/* SPDX-License-Identifier: MIT
 *
 * shared_mutex.cpp - the locks of the C++ library, each with work that goes wrong if it does:
 *
 *	shared_mutex THREADS SECONDS
 *
 * Accounts under std::shared_mutex, std::shared_timed_mutex and std::timed_mutex, between which
 * writers move money: every reader finds the same sum.  A queue of std::mutex and
 * std::condition_variable: what goes in comes out, once.
 */
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

using std::chrono::steady_clock;
using histogram = std::map<long, long>;

static std::atomic<bool> over;
static std::mutex results;
static histogram all;
static std::map<std::string, long> problems;

static void wrong(const std::string &what)
{
	std::lock_guard guard(results);

	problems[what]++;
}

/* Nanoseconds that each section took, from before its lock to after. Two digits are enough. */
class clock_of_sections
{
	histogram own;
	steady_clock::time_point from = steady_clock::now();

public:
	void section()
	{
		auto now = steady_clock::now();
		long ns = std::chrono::nanoseconds(now - from).count();
		long unit = 1;

		while (ns / unit >= 100)
			unit *= 10;
		own[ns / unit * unit]++;
		from = now;
	}
	~clock_of_sections()
	{
		std::lock_guard guard(results);

		for (auto [ns, count] : own)
			all[ns] += count;
	}
};

/* The holders themselves notice when one is beside a writer. */
class accounts
{
	std::array<long, 64> money;
	std::atomic<int> writers{0}, readers{0};

public:
	accounts()
	{
		money.fill(100);
	}
	void read(const char *name)
	{
		long sum = 0;

		readers++;
		for (long some : money)
			sum += some;
		if (sum != 6400 || writers != 0)
			wrong(std::string(name) + ": a reader beside a writer");
		readers--;
	}
	void write(const char *name, unsigned dice)
	{
		if (writers++ != 0 || readers != 0)
			wrong(std::string(name) + ": a writer that is not alone");
		money[dice % 64]--;
		money[dice / 64 % 64]++;
		writers--;
	}
};

static std::shared_mutex shared;
static std::shared_timed_mutex shared_timed;
static std::timed_mutex timed;
static accounts under_shared, under_shared_timed, under_timed;

static void one_section(unsigned dice)
{
	const auto soon = std::chrono::microseconds(dice >> 8 & 1023);

	if (dice % 16 < 10) {
		std::shared_lock lock(shared);
		under_shared.read("shared_mutex");
	} else if (dice % 16 < 12) {
		std::unique_lock lock(shared);
		under_shared.write("shared_mutex", dice >> 8);
	} else if (dice % 16 < 13) {
		std::shared_lock lock(shared_timed, soon);
		if (lock)
			under_shared_timed.read("shared_timed_mutex");
	} else if (dice % 16 < 14) {
		std::unique_lock lock(shared_timed, steady_clock::now() + soon);
		if (lock)
			under_shared_timed.write("shared_timed_mutex", dice >> 8);
	} else if (dice % 16 < 15) {
		std::unique_lock lock(timed, std::chrono::system_clock::now() + soon);
		if (lock)
			under_timed.write("timed_mutex", dice >> 8);
	} else {
		std::unique_lock lock(shared, std::try_to_lock);
		if (lock)
			under_shared.write("shared_mutex", dice >> 8);
	}
}

static void sections(unsigned id)
{
	unsigned dice = 2463534242u + id * 7919u;
	clock_of_sections clock;

	while (!over) {
		dice ^= dice << 13;
		dice ^= dice >> 17;
		dice ^= dice << 5;
		one_section(dice);
		clock.section();
	}
}

static std::mutex queue_mutex;
static std::condition_variable filled, drained;
static std::deque<long> queue;
static std::atomic<long> put, got;

static void produce()
{
	for (long i = 1; !over; i++) {
		std::unique_lock lock(queue_mutex);
		drained.wait(lock, [] { return queue.size() < 16; });
		queue.push_back(i);
		put += i;
		lock.unlock();
		filled.notify_one();
	}
	std::lock_guard lock(queue_mutex);
	queue.push_back(0);
	filled.notify_one();
}

/* Waits for ever, or for a time now and then. */
static void consume()
{
	for (long item = 1; item;) {
		std::unique_lock lock(queue_mutex);
		if (!filled.wait_for(lock, std::chrono::milliseconds(1),
				     [] { return !queue.empty(); }))
			continue;
		item = queue.front();
		queue.pop_front();
		got += item;
		lock.unlock();
		drained.notify_all();
	}
}

static void work(unsigned count, int seconds)
{
	std::vector<std::thread> threads;

	for (unsigned i = 0; i < count; i++)
		threads.emplace_back(sections, i);
	for (unsigned i = 0; i < count / 2; i++) {
		threads.emplace_back(produce);
		threads.emplace_back(consume);
	}
	std::this_thread::sleep_for(std::chrono::seconds(seconds));
	over = true;
	for (auto &thread : threads)
		thread.join();
	if (put != got || !queue.empty())
		wrong("the queue lost something");
}

static bool print(double seconds)
{
	const char *comma = "";
	long sum = 0;

	for (auto [ns, times] : all)
		sum += times;
	std::printf("{\"operations\": %ld, \"seconds\": %.3f, \"us\": {", sum, seconds);
	for (auto [ns, times] : all) {
		std::printf("%s\"%g\": %ld", comma, static_cast<double>(ns) / 1e3, times);
		comma = ", ";
	}
	std::printf("}, \"problems\": [");
	comma = "";
	for (auto &[what, times] : problems) {
		std::printf("%s\"%s (%ld)\"", comma, what.c_str(), times);
		comma = ", ";
	}
	std::printf("]}\n");
	return problems.empty() && sum;
}

int main(int argc, char **argv)
{
	auto from = steady_clock::now();

	if (argc != 3)
		return 2;
	work(static_cast<unsigned>(std::atoi(argv[1])), std::atoi(argv[2]));
	return print(std::chrono::duration<double>(steady_clock::now() - from).count())
		       ? 0
		       : 1;
}
