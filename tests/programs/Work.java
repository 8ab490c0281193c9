/* SPDX-License-Identifier: MIT
 *
 * Work.java - threads that move money between accounts, under one kind of lock in turn: a monitor, a
 * ReentrantLock, a fair one, a ReentrantReadWriteLock.  Each makes garbage; one passes what it does
 * to others through a short queue.
 *
 *	java Work THREADS SECONDS
 */
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

public class Work {
	static final int ACCOUNTS = 64, MONEY = 100;
	static volatile boolean measured, over;
	static final Map<Long, Long> took = new TreeMap<>();
	static final List<String> problems = new ArrayList<>();

	static void check(boolean holds, String text) {
		synchronized (problems) {
			if (!holds && !problems.contains(text))
				problems.add(text);
		}
	}

	static class Bank {
		final int[] money = new int[ACCOUNTS];
		byte[] garbage;

		Bank() {
			java.util.Arrays.fill(money, MONEY);
		}

		void move(int one, int other) {
			money[one]--;
			garbage = new byte[2000];
			money[other]++;
		}

		int sum() {
			int sum = 0;
			for (int some : money)
				sum += some;
			return sum;
		}
	}

	static final Bank[] banks = {new Bank(), new Bank(), new Bank(), new Bank(), new Bank()};
	static final Lock plain = new ReentrantLock(), fair = new ReentrantLock(true);
	static final ReentrantReadWriteLock shared = new ReentrantReadWriteLock();
	static final Semaphore permits = new Semaphore(1);

	static void under(Lock lock, Bank bank, int one, int other) {
		lock.lock();
		try {
			bank.move(one, other);
		} finally {
			lock.unlock();
		}
	}

	static void audit() {
		shared.readLock().lock();
		try {
			check(banks[3].sum() == ACCOUNTS * MONEY, "a reader beside a writer");
		} finally {
			shared.readLock().unlock();
		}
	}

	static void one(int dice) throws InterruptedException {
		int from = dice >>> 8 & 63, to = dice >>> 16 & 63;
		switch (dice & 7) {
		case 0:
			synchronized (banks[0]) {
				banks[0].move(from, to);
			}
			break;
		case 1:
			under(plain, banks[1], from, to);
			break;
		case 2:
			under(fair, banks[2], from, to);
			break;
		case 3:
			under(shared.writeLock(), banks[3], from, to);
			break;
		case 4:
			if (permits.tryAcquire(dice >>> 24, TimeUnit.MICROSECONDS)) {
				banks[4].move(from, to);
				permits.release();
			}
			break;
		default:
			audit();
		}
	}

	static void transfers(int seed) throws InterruptedException {
		SplittableRandom random = new SplittableRandom(seed);
		Map<Long, Long> own = new TreeMap<>();
		long before = System.nanoTime();
		while (!over) {
			one(random.nextInt());
			long now = System.nanoTime(), us = (now - before) / 1000;
			if (measured)
				own.merge(us < 100 ? us : us / 100 * 100, 1L, Long::sum);
			before = now;
		}
		synchronized (took) {
			own.forEach((us, count) -> took.merge(us, count, Long::sum));
		}
	}

	static final ArrayBlockingQueue<Long> queue = new ArrayBlockingQueue<>(8);
	static final AtomicLong put = new AtomicLong(), got = new AtomicLong();

	static void produce() throws InterruptedException {
		for (long i = 1; !over; i++) {
			queue.put(i);
			put.addAndGet(i);
		}
		queue.put(0L);
	}

	static void consume() throws InterruptedException {
		for (long item = 1; item != 0; got.addAndGet(item))
			item = queue.take();
	}

	interface Part {
		void run() throws InterruptedException;
	}

	static Thread start(Part part) {
		Thread thread = new Thread(() -> {
			try {
				part.run();
			} catch (Throwable wrong) {
				check(false, wrong.getClass().getName());
			}
		});
		thread.start();
		return thread;
	}

	public static void main(String[] arguments) throws InterruptedException {
		int count = Integer.parseInt(arguments[0]);
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			int seed = i;
			threads.add(start(() -> transfers(seed)));
		}
		threads.add(start(Work::produce));
		threads.add(start(Work::consume));
		Thread.sleep(1000); // until it is compiled
		measured = true;
		long from = System.nanoTime();
		Thread.sleep(1000 * Long.parseLong(arguments[1]));
		over = true;
		for (Thread thread : threads)
			thread.join();
		double seconds = (System.nanoTime() - from) / 1e9;

		for (Bank bank : banks)
			check(bank.sum() == ACCOUNTS * MONEY, "money was lost");
		check(put.get() == got.get(), "the queue lost something");
		long sum = 0;
		List<String> us = new ArrayList<>(), said = new ArrayList<>();
		for (Map.Entry<Long, Long> entry : took.entrySet()) {
			us.add("\"" + entry.getKey() + "\": " + entry.getValue());
			sum += entry.getValue();
		}
		for (String problem : problems)
			said.add("\"" + problem + "\"");
		System.out.println("{\"operations\": " + sum + ", \"seconds\": " + seconds + ", \"us\": {" +
			String.join(", ", us) + "}, \"problems\": [" + String.join(", ", said) + "]}");
	}
}
