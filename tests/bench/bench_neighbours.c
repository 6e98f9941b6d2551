/* How many neighbour events a second the control thread follows: a campus whose devices come, and come again with other MACs, told
 * by the real kernel over netlink into the watcher and the book, in a network namespace of this process. Needs root and ip(8).
 *
 *   bench_neighbours [DEVICES]     20000 by default, of one address each
 *
 * Prints events a second of the thread's own CPU time, and whether the book knows the end as the kernel does. */
#define _GNU_SOURCE /* unshare */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device/book.h"
#include "device/neighbours.h"

#define ROUNDS 3
#define PATIENCE_MS 60000

struct campus {
	struct book *book;
	struct neighbour_watch *watch;
	struct now now;
	uint64_t events;
};

static void changed(void *data, const struct addr *addr, const struct mac *mac)
{
	struct campus *campus = data;
	campus->events++;
	book_neighbour(campus->book, addr, mac, campus->now);
}

static int64_t cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static struct addr address_of(unsigned device)
{
	return (struct addr){4, {10, (uint8_t)(device >> 16), (uint8_t)(device >> 8), (uint8_t)device}};
}

static void write_batch(const char *path, unsigned devices, unsigned round)
{
	FILE *file = fopen(path, "w");
	if (!file)
		exit(1);
	for (unsigned i = 1; i <= devices; i++)
		fprintf(
			file,
			"neigh replace 10.%u.%u.%u lladdr 02:%02x:00:%02x:%02x:%02x dev campus nud permanent\n",
			i >> 16, i >> 8 & 0xff, i & 0xff, round, i >> 16, i >> 8 & 0xff, i & 0xff);
	fclose(file);
}

static pid_t start_ip(const char *path)
{
	pid_t child = fork();
	if (child)
		return child;
	execlp("ip", "ip", "-batch", path, (char *)NULL);
	_exit(127);
}

/* Follows until the last device has the MAC of this round. */
static bool follow(struct campus *campus, unsigned devices, unsigned round)
{
	struct pollfd fd = {.fd = neighbour_watch_fd(campus->watch), .events = POLLIN};
	struct addr last = address_of(devices);
	struct mac mac;
	for (;;) {
		if (poll(&fd, 1, PATIENCE_MS) <= 0 || neighbour_watch_read(campus->watch) < 0)
			return false;
		if (neighbour_watch_lookup(campus->watch, &last, &mac) && mac.bytes[1] == round)
			return true;
	}
}

static size_t count_right(const struct campus *campus, unsigned devices, unsigned round)
{
	size_t right = 0;
	for (unsigned i = 1; i <= devices; i++) {
		struct addr addr = address_of(i);
		struct mac mac;
		right += neighbour_watch_lookup(campus->watch, &addr, &mac) && mac.bytes[1] == round;
	}
	return right;
}

int main(int argc, char **argv)
{
	unsigned devices = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20000;
	static const char yaml[] = "upstreams: 192.0.2.1\ngeo: {location: []}\n";
	char path[] = "/tmp/bench-neighbours-XXXXXX";
	struct campus campus = {.now = {1, 1795465583000000}};
	struct config *config;
	struct registry *registry;
	struct roster *roster;
	struct diag diag;
	diag_init(&diag);
	rcu_register_thread();
	if (unshare(CLONE_NEWNET) ||
	    system("ip link add campus type veth peer name other && ip link set campus up") ||
	    mkstemp(path) < 0)
		return 77;
	campus.book = book_new(hash_key_random(), 0);
	if (!campus.book ||
	    config_parse("/bench.yaml", yaml, sizeof yaml - 1, &diag, &config) != PF_OK ||
	    registry_build(config, &registry) != PF_OK ||
	    book_adopt(campus.book, config, registry, NULL, campus.now, &roster) != PF_OK)
		return 1;
	campus.watch =
		neighbour_watch_new(hash_key_random(), (struct neighbour_listener){changed, &campus});
	if (!campus.watch)
		return 1;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		uint64_t before = campus.events;
		write_batch(path, devices, round);
		int64_t begun_us = cpu_us();
		pid_t child = start_ip(path);
		bool whole = follow(&campus, devices, round);
		int64_t took_us = cpu_us() - begun_us;
		waitpid(child, NULL, 0);
		double events = (double)(campus.events - before);
		printf("round %u: %.0f changes, %.0f a second of CPU time, %zu of %u right%s\n", round,
		       events, events * 1e6 / (double)took_us, count_right(&campus, devices, round),
		       devices, whole ? "" : "; gave up");
	}
	unlink(path);
	neighbour_watch_free(&campus.watch);
	roster_free(&roster);
	book_free(&campus.book);
	registry_free(&registry);
	config_free(&config);
	diag_deinit(&diag);
	rcu_barrier();
	rcu_unregister_thread();
	return 0;
}
