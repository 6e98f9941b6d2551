/* How long it takes to know who asks: a campus of devices with three addresses each.
 *
 *   make bench-devices [DEVICES=50000]
 *
 * Prints nanoseconds for a neighbour event that changes something and for a look-up by address, milliseconds for making a
 * roster, all in CPU time. The addresses of "anywhere" are drawn from all that there are, so that no cache holds them: in
 * batches, as a worker does it (roster_rows), one by one, and one by one where each is known only after the one before. Beside them
 * stands what the machine takes to wait for one line of memory, in as much memory as the roster has, in the same minute:
 * nothing that reads a line which no cache holds is faster than that when it is alone. Best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/pages.h"
#include "device/book.h"

#define ADDRESSES_EACH 3
#define LOOKUPS 1024000 /* of a round */
#define ROUNDS 9
#define EVENTS 200000
#define ROSTERS 10

static struct addr address_number(uint32_t number)
{
	struct addr addr = {.family = number % ADDRESSES_EACH ? 6 : 4};
	uint8_t *bytes = addr.bytes;
	bytes[0] = addr.family == 4 ? 10 : 0xfd;
	for (size_t i = 0; i < 3; i++)
		bytes[(addr.family == 4 ? 1 : 13) + i] = (uint8_t)(number >> (16 - 8 * i));
	return addr;
}

static struct mac mac_number(uint32_t number)
{
	return (struct mac){{2, 0, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
	                     (uint8_t)(number >> 8), (uint8_t)number}};
}

/* Of this process: a machine that does other work as well must not count. */
static int64_t cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static double ns_each(int64_t begun_us, size_t count)
{
	return (double)(cpu_us() - begun_us) * 1000 / (double)count;
}

static void print_memory(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("memory                           %7ld MiB\n", usage.ru_maxrss / 1024);
}

/* What the rounds share. */
struct campus {
	const struct registry *registry;
	struct roster *roster;
	uint32_t addresses, random;
	struct addr *drawn; /* LOOKUPS addresses in the order in which they ask */
	struct now now;
	size_t known;
};

static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)*random * below >> 32);
}

static void look(struct campus *campus, const struct addr *addr, struct device *device)
{
	struct asker asker = {.addr = *addr};
	campus->known +=
		roster_identify(campus->roster, campus->registry, &asker, campus->now.wall_us, device);
}

/* What a worker finds in its batch: the kernel has written it there. */
static void fill(const struct addr *addrs, struct sockaddr_storage clients[ROSTER_BATCH_MAX])
{
	for (size_t i = 0; i < ROSTER_BATCH_MAX; i++) {
		const struct addr_port from = {addrs[i], 53};
		(void)addr_to_sockaddr(&from, &clients[i]);
	}
}

static void batches_alone(struct campus *campus)
{
	struct sockaddr_storage clients[ROSTER_BATCH_MAX];
	for (size_t done = 0; done < LOOKUPS; done += ROSTER_BATCH_MAX)
		fill(campus->drawn + done, clients);
}

/* As pipeline/memo.c does it, of whom no worker has a note. */
static void look_at_batch(struct campus *campus, const struct sockaddr_storage *clients)
{
	struct addr addrs[ROSTER_BATCH_MAX];
	int rows[ROSTER_BATCH_MAX];
	struct device device;
	for (size_t i = 0; i < ROSTER_BATCH_MAX; i++) {
		struct addr_port from;
		if (addr_from_sockaddr((const struct sockaddr *)&clients[i], &from) != PF_OK)
			exit(1);
		addrs[i] = from.addr;
	}
	roster_rows(campus->roster, addrs, ROSTER_BATCH_MAX, rows);
	for (size_t i = 0; i < ROSTER_BATCH_MAX; i++) {
		if (rows[i] < 0) {
			look(campus, &addrs[i], &device);
			continue;
		}
		roster_take(campus->roster, (uint32_t)rows[i], campus->now.wall_us, &device);
		campus->known++;
	}
}

static void anywhere_in_batches(struct campus *campus)
{
	struct sockaddr_storage clients[ROSTER_BATCH_MAX];
	for (size_t done = 0; done < LOOKUPS; done += ROSTER_BATCH_MAX) {
		fill(campus->drawn + done, clients);
		look_at_batch(campus, clients);
	}
}

static void anywhere(struct campus *campus)
{
	struct device device;
	for (size_t i = 0; i < LOOKUPS; i++) {
		look(campus, &campus->drawn[i], &device);
	}
}

static void one_after_the_other(struct campus *campus)
{
	struct device device;
	for (size_t i = 0, next = 0; i < LOOKUPS; i++) {
		look(campus, &campus->drawn[next], &device);
		next += device.has_mac; /* one; but it must be known first */
	}
}

static void busy(struct campus *campus)
{
	struct device device;
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		struct addr addr = address_number(i % 256);
		look(campus, &addr, &device);
	}
}

static void stranger(struct campus *campus)
{
	const struct addr addr = {4, {192, 0, 2, 7}};
	struct device device;
	for (uint32_t i = 0; i < LOOKUPS; i++)
		look(campus, &addr, &device);
}

/* Returns what one took in the best round. */
static double best_of(struct campus *campus, void (*run)(struct campus *campus))
{
	double best = 1e9;
	for (int i = 0; i < ROUNDS; i++) {
		campus->known = 0;
		int64_t begun_us = cpu_us();
		run(campus);
		double took = ns_each(begun_us, LOOKUPS);
		best = took < best ? took : best;
	}
	return best;
}

static void round_of(struct campus *campus, const char *name, void (*run)(struct campus *campus))
{
	double best = best_of(campus, run);
	printf("%-32s %7.1f ns (%zu known)\n", name, best, campus->known);
}

/* The batch is the kernel's work: taken off, but shown. */
static void rounds_of_batches(struct campus *campus)
{
	double making = best_of(campus, batches_alone), both = best_of(campus, anywhere_in_batches);
	printf("%-32s %7.1f ns (%zu known; %.1f with making the batch)\n",
	       "look-up, anywhere, batches of 32", both - making, campus->known, both);
}

/* One walk through as many lines as there are, each saying where the next is (Sattolo's shuffle: one circle). */
static void wait_for_memory(uint32_t *random, size_t bytes)
{
	size_t lines = bytes / 64;
	uint32_t *memory = pages_new(lines * 64), *order = pages_new(lines * sizeof *order);
	double best = 1e9;
	if (!memory || !order)
		exit(1);
	for (size_t i = 0; i < lines; i++)
		order[i] = (uint32_t)i;
	for (size_t i = lines - 1; i; i--) {
		size_t other = draw(random, (uint32_t)i);
		uint32_t held = order[i];
		order[i] = order[other];
		order[other] = held;
	}
	for (size_t i = 0; i < lines; i++)
		memory[i * 16] = order[i];
	for (int round = 0; round < ROUNDS; round++) {
		volatile uint32_t at = 0;
		int64_t begun_us = cpu_us();
		for (size_t i = 0; i < LOOKUPS; i++)
			at = memory[(size_t)at * 16];
		double took = ns_each(begun_us, LOOKUPS);
		best = took < best ? took : best;
	}
	printf("one line of %5.1f MiB             %7.1f ns\n", (double)bytes / (1 << 20), best);
	pages_free(memory, lines * 64);
	pages_free(order, lines * sizeof *order);
}

static void look_ups(struct campus *campus, size_t devices)
{
	size_t keys = campus->addresses + devices;
	campus->drawn = pages_new(LOOKUPS * sizeof *campus->drawn);
	if (!campus->drawn)
		exit(1);
	for (size_t i = 0; i < LOOKUPS; i++)
		campus->drawn[i] = address_number(draw(&campus->random, campus->addresses));
	wait_for_memory(&campus->random, keys * 32 + devices * 64);
	rounds_of_batches(campus);
	round_of(campus, "look-up, anywhere", anywhere);
	round_of(campus, "look-up, one after the other", one_after_the_other);
	round_of(campus, "look-up, 256 busy", busy);
	round_of(campus, "look-up of a stranger", stranger);
	wait_for_memory(&campus->random, keys * 32 + devices * 64);
	pages_free(campus->drawn, LOOKUPS * sizeof *campus->drawn);
}

/* All come, and some addresses change hands. */
static void events(struct book *book, struct campus *campus, uint32_t devices)
{
	int64_t begun_us = cpu_us();
	for (uint32_t i = 0; i < campus->addresses; i++) {
		struct addr addr = address_number(i);
		struct mac mac = mac_number(i / ADDRESSES_EACH);
		book_neighbour(book, &addr, &mac, campus->now);
	}
	printf("new address                      %7.0f ns\n", ns_each(begun_us, campus->addresses));
	begun_us = cpu_us();
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct addr addr = address_number(draw(&campus->random, campus->addresses));
		struct mac mac = mac_number(i % devices);
		book_neighbour(book, &addr, &mac, campus->now);
	}
	printf("changed neighbour                %7.0f ns\n", ns_each(begun_us, EVENTS));
}

int main(int argc, char **argv)
{
	uint32_t devices = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 50000;
	static const char yaml[] = "upstreams: 192.0.2.1\ngeo: {location: []}\n";
	struct now now = {1, 1795465583000000};
	struct config *config;
	struct registry *registry;
	struct diag diag;
	diag_init(&diag);
	rcu_register_thread();
	struct campus campus = {.addresses = devices * ADDRESSES_EACH, .random = 1, .now = now};
	struct book *book = book_new(hash_key_random(), 0);
	if (!book || config_parse("/bench.yaml", yaml, sizeof yaml - 1, &diag, &config) != PF_OK ||
	    registry_build(config, &registry) != PF_OK ||
	    book_adopt(book, config, registry, NULL, now, &campus.roster) != PF_OK)
		return 1;
	events(book, &campus, devices);
	int64_t begun_us = cpu_us();
	for (int i = 0; i < ROSTERS; i++) {
		roster_free(&campus.roster);
		campus.roster = book_roster(book);
		if (!campus.roster)
			return 1;
	}
	printf("roster                           %7.2f ms\n", ns_each(begun_us, ROSTERS) / 1e6);
	campus.registry = registry;
	look_ups(&campus, devices);
	print_memory();
	roster_free(&campus.roster);
	book_free(&book);
	registry_free(&registry);
	config_free(&config);
	diag_deinit(&diag);
	rcu_barrier();
	rcu_unregister_thread();
	return 0;
}
