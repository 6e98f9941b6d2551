/* How long it takes to know who asks: a campus of devices with three addresses each.
 *
 *   bench_devices [DEVICES]     50000 by default
 *
 * Prints nanoseconds for a look-up by address (known, and by nobody), for a neighbour event that changes something, and
 * milliseconds for making a roster, all in CPU time; look-ups run through all addresses in a random order, so that caches do not help more
 * than they would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "device/book.h"

#define ADDRESSES_EACH 3
#define LOOKUPS 4000000
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
	printf("memory               %8ld MiB\n", usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	uint32_t devices = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 50000;
	uint32_t addresses = devices * ADDRESSES_EACH, random = 1;
	static const char yaml[] = "upstreams: 192.0.2.1\ngeo: {location: []}\n";
	struct now now = {1, 1795465583000000};
	struct config *config;
	struct registry *registry;
	struct roster *roster;
	struct diag diag;
	struct device device;
	diag_init(&diag);
	rcu_register_thread();
	struct book *book = book_new(hash_key_random(), 0);
	if (!book || config_parse("/bench.yaml", yaml, sizeof yaml - 1, &diag, &config) != PF_OK ||
	    registry_build(config, &registry) != PF_OK ||
	    book_adopt(book, config, registry, NULL, now, &roster) != PF_OK)
		return 1;
	int64_t begun_us = cpu_us();
	for (uint32_t i = 0; i < addresses; i++) {
		struct addr addr = address_number(i);
		struct mac mac = mac_number(i / ADDRESSES_EACH);
		book_neighbour(book, &addr, &mac, now);
	}
	printf("new address          %8.0f ns\n", ns_each(begun_us, addresses));
	begun_us = cpu_us();
	for (uint32_t i = 0; i < EVENTS; i++) {
		random = random * 1664525u + 1013904223u;
		struct addr addr = address_number((uint32_t)((uint64_t)random * addresses >> 32));
		struct mac mac = mac_number(i % devices);
		book_neighbour(book, &addr, &mac, now);
	}
	printf("changed neighbour    %8.0f ns\n", ns_each(begun_us, EVENTS));
	begun_us = cpu_us();
	for (int i = 0; i < ROSTERS; i++) {
		roster_free(&roster);
		roster = book_roster(book);
		if (!roster)
			return 1;
	}
	printf("roster               %8.2f ms\n", ns_each(begun_us, ROSTERS) / 1e6);
	size_t known = 0;
	begun_us = cpu_us();
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		random = random * 1664525u + 1013904223u;
		struct asker asker = {.addr =
		                          address_number((uint32_t)((uint64_t)random * addresses >> 32))};
		known += roster_identify(roster, registry, &asker, now.wall_us, &device);
	}
	printf("look-up, anywhere    %8.1f ns (%zu known)\n", ns_each(begun_us, LOOKUPS), known);
	known = 0;
	begun_us = cpu_us();
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		struct asker asker = {.addr = address_number(i % 256)};
		known += roster_identify(roster, registry, &asker, now.wall_us, &device);
	}
	printf("look-up, 256 busy    %8.1f ns (%zu known)\n", ns_each(begun_us, LOOKUPS), known);
	struct asker stranger = {.addr = {4, {192, 0, 2, 7}}};
	begun_us = cpu_us();
	for (uint32_t i = 0; i < LOOKUPS; i++)
		known += roster_identify(roster, registry, &stranger, now.wall_us, &device);
	printf("look-up of a stranger%8.1f ns\n", ns_each(begun_us, LOOKUPS));
	print_memory();
	roster_free(&roster);
	book_free(&book);
	registry_free(&registry);
	config_free(&config);
	diag_deinit(&diag);
	rcu_barrier();
	rcu_unregister_thread();
	return 0;
}
