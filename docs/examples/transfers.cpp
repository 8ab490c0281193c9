/* SPDX-License-Identifier: MIT
 *
 * transfers.cpp - locks by key in C++: a key type of one's own, single keys and sets.
 *
 * Transfers lock two accounts each, in whatever order they come. An audit locks all of one bank
 * to read them. The table has locks for the accounts in use only.
 */
#include <fifolock/table.hpp>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

using fifolock::exclusive;
using fifolock::shared;

struct account {
	std::uint32_t bank, number;
};

/* What the table sees of it; found because it stands beside the type. */
static std::uint64_t as_fifolock_key(const account &a)
{
	return std::uint64_t{a.bank} << 32 | a.number;
}

static fifolock::table<fifolock::shared_exclusive_modes, account> locks;
static long balances[2][10];

static long &balance(const account &a)
{
	return balances[a.bank][a.number];
}

/* Both or none, and no circle of transfers that wait for each other. */
static void transfer(const account &from, const account &to, long amount)
{
	auto held = locks.lock_all({{from, exclusive{}}, {to, exclusive{}}});

	balance(from) -= amount;
	balance(to) += amount;
}

static long look(const account &a)
{
	auto held = locks.lock_shared(a);

	return balance(a);
}

static long audit(std::uint32_t bank)
{
	std::vector<decltype(locks)::item> all;
	long sum = 0;

	for (std::uint32_t n = 0; n < 10; n++)
		all.emplace_back(account{bank, n}, shared{});
	auto held = locks.lock_all(all);

	for (long each : balances[bank])
		sum += each;
	return sum;
}

static void work(std::uint32_t seed)
{
	for (std::uint32_t i = 0; i < 5000; i++) {
		const account from{i % 2, (seed + i) % 10};
		const account to{i % 2, (seed + 3 * i + 1) % 10};

		transfer(from, to, 1 + look(to) % 7);
	}
}

int main()
{
	std::vector<std::thread> threads;
	std::atomic<int> wrong{0};

	for (std::uint32_t t = 0; t < 3; t++)
		threads.emplace_back(work, t);
	for (int i = 0; i < 200; i++)
		wrong += audit(0) != 0 || audit(1) != 0;
	for (std::thread &thread : threads)
		thread.join();
	std::printf("%d wrong, %zu keys are in use\n", wrong.load(), locks.keys());
	return wrong != 0 || locks.keys() != 0;
}
