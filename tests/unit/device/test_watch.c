/* Unit tests of src/device: the watcher against the real kernel. Each test lives in a new network namespace of
 * this process, so that it neither sees nor leaves anything outside; a child in a second one is the device at the
 * other end of a veth pair. Needs root and ip(8), and is skipped without. */
#define _GNU_SOURCE /* setns, unshare */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "device/neighbours.h"

#define PATIENCE_MS \
	10000          /* for an event that must come; no test waits that long when all is well */
#define SKIPPED 77 /* for automake */
#define WORDS_MAX 32
#define LINE_MAX 200

static const struct hash_key seed = {7};

/* The namespaces of one test. */
struct world {
	pid_t peer;
	struct neighbour_watch *watch;
};

/* ---- namespaces -------------------------------------------------------------------------- */

static void enter(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		_exit(126);
	close(fd);
}

/* ip(8) with the words of `line`, in our namespace or in that of `pid`, reading from `input` when it is not NULL;
 * its exit status. */
static int ip_in(pid_t pid, const char *line, FILE *input)
{
	char copy[LINE_MAX] = "ip ", *words[WORDS_MAX] = {0}, *rest = copy;
	strncat(copy, line, sizeof copy - 4);
	for (size_t i = 0; i < WORDS_MAX - 1 && (words[i] = strtok_r(rest, " ", &rest)); i++)
		continue;
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (input && dup2(fileno(input), STDIN_FILENO) < 0)
			_exit(126);
		if (pid)
			enter(pid);
		execvp("ip", words);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void ip(const char *line)
{
	if (ip_in(0, line, NULL))
		fail_msg("`ip %s` failed.", line);
}

static void peer_ip(const struct world *world, const char *line)
{
	if (ip_in(world->peer, line, NULL))
		fail_msg("`ip %s` failed in the peer's namespace.", line);
}

/* A process that only holds a namespace open. */
static pid_t start_peer(void)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t peer = fork();
	assert_true(peer >= 0);
	if (!peer) {
		close(ready[0]);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return peer;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	char line[LINE_MAX];
	assert_non_null(world);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	world->peer = start_peer();
	ip("link set lo up");
	snprintf(line, sizeof line,
	         "link add name here address 02:00:00:00:00:11 type veth "
	         "peer name there address 02:00:00:00:00:22 netns %d",
	         (int)world->peer);
	ip(line);
	ip("address add 10.9.0.1/24 dev here");
	ip("address add fd00:9::1/64 dev here nodad");
	peer_ip(world, "address add 10.9.0.2/24 dev there");
	peer_ip(world, "address add fd00:9::2/64 dev there nodad");
	peer_ip(world, "link set there up");
	ip("link set here up");
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	neighbour_watch_free(&world->watch);
	kill(world->peer, SIGKILL);
	waitpid(world->peer, NULL, 0);
	free(world);
	return 0;
}

/* ---- what the test waits for ------------------------------------------------------------- */

static struct addr addr_of(const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	return addr;
}

/* The MAC of an address as text; "" when it has none. */
static void mac_in(const struct neighbour_watch *watch, const char *addr_text,
                   char text[MAC_TEXT_MAX])
{
	struct addr addr = addr_of(addr_text);
	struct mac mac;
	text[0] = '\0';
	if (neighbour_watch_lookup(watch, &addr, &mac))
		mac_format(&mac, text);
}

/* Waits for the next events and reads them. */
static void read_more(struct world *world, int64_t end_us, const char *waiting_for)
{
	struct pollfd fd = {.fd = neighbour_watch_fd(world->watch), .events = POLLIN};
	int64_t left_us = end_us - clock_now().mono_us;
	if (left_us <= 0)
		fail_msg("Waited %d ms for %s in vain.", PATIENCE_MS, waiting_for);
	assert_true(poll(&fd, 1, (int)(left_us / 1000) + 1) >= 0);
	assert_true(neighbour_watch_read(world->watch) >= 0);
}

static int64_t end_of_patience_us(void)
{
	return clock_now().mono_us + PATIENCE_MS * 1000;
}

/* Reads events until the address has this MAC ("": none); with NULL, until there are `count` entries. */
static void wait_until(struct world *world, const char *addr, const char *mac, size_t count)
{
	int64_t end_us = end_of_patience_us();
	char text[MAC_TEXT_MAX] = "", waiting_for[LINE_MAX];
	for (;;) {
		size_t found = neighbour_watch_count(world->watch);
		if (addr)
			mac_in(world->watch, addr, text);
		if (addr ? !strcmp(text, mac) : found == count)
			return;
		if (addr)
			snprintf(waiting_for, sizeof waiting_for, "\"%s\" at %s where \"%s\" is", mac, addr,
			         text);
		else
			snprintf(waiting_for, sizeof waiting_for, "%zu entries where %zu are", count, found);
		read_more(world, end_us, waiting_for);
	}
}

static void wait_for_refused(struct world *world, uint64_t count)
{
	int64_t end_us = end_of_patience_us();
	while (neighbour_watch_refused(world->watch) < count)
		read_more(world, end_us, "entries to be refused");
	assert_int_equal(neighbour_watch_refused(world->watch), count);
}

static void expect(struct world *world, const char *addr, const char *mac)
{
	wait_until(world, addr, mac, 0);
}

static void start_watch(struct world *world)
{
	world->watch = neighbour_watch_new(seed, (struct neighbour_listener){0});
	assert_non_null(world->watch);
}

/* Sends a datagram, for which the kernel must ask who has the address. */
static void send_to(pid_t pid, const char *addr_text)
{
	struct addr_port to = {.addr = addr_of(addr_text), .port = 9};
	struct sockaddr_storage address;
	socklen_t length = addr_to_sockaddr(&to, &address);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (pid)
			enter(pid);
		int fd = socket(address.ss_family, SOCK_DGRAM, 0);
		ssize_t sent = sendto(fd, "x", 1, 0, (struct sockaddr *)&address, length);
		_exit(sent == 1 ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void first_dump_then_events(void **state)
{
	struct world *world = *state;
	ip("neighbour add 10.9.0.77 lladdr 02:00:00:00:00:77 dev here nud stale");
	start_watch(world);
	expect(world, "10.9.0.77", "02:00:00:00:00:77");
	send_to(0, "10.9.0.2");
	expect(world, "10.9.0.2", "02:00:00:00:00:22");
	send_to(0, "fd00:9::2");
	expect(world, "fd00:9::2", "02:00:00:00:00:22");
	expect(world, "10.9.0.77", "02:00:00:00:00:77"); /* the end of the dump has not taken it */
	assert_int_equal(neighbour_watch_read(world->watch), 0);
	assert_int_equal(neighbour_watch_refused(world->watch), 0);
}

static void who_speaks_first_is_seen_too(void **state)
{
	struct world *world = *state;
	start_watch(world);
	send_to(world->peer, "10.9.0.1"); /* as a device that asks us */
	expect(world, "10.9.0.2", "02:00:00:00:00:22");
}

static void address_changes_hands(void **state)
{
	struct world *world = *state;
	ip("ntable change name arp_cache dev here locktime 0"); /* believe a change at once */
	start_watch(world);
	send_to(0, "10.9.0.2");
	expect(world, "10.9.0.2", "02:00:00:00:00:22");
	peer_ip(world, "link set there down");
	peer_ip(world, "link set there address 02:00:00:00:00:33");
	peer_ip(world, "link set there up");
	send_to(world->peer, "10.9.0.1");
	expect(world, "10.9.0.2", "02:00:00:00:00:33");
	ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:44 dev here nud reachable");
	expect(world, "10.9.0.2", "02:00:00:00:00:44");
}

static void vanishes(void **state)
{
	struct world *world = *state;
	start_watch(world);
	ip("neighbour add 10.9.0.5 lladdr 02:00:00:00:00:55 dev here nud permanent");
	ip("neighbour add fd00:9::5 lladdr 02:00:00:00:00:55 dev here nud stale");
	ip("neighbour add 10.9.0.6 lladdr 02:00:00:00:00:66 dev here nud reachable");
	expect(world, "10.9.0.5", "02:00:00:00:00:55");
	expect(world, "fd00:9::5", "02:00:00:00:00:55");
	expect(world, "10.9.0.6", "02:00:00:00:00:66");
	ip("neighbour del 10.9.0.5 dev here");
	expect(world, "10.9.0.5", "");
	ip("neighbour change 10.9.0.6 dev here nud failed");
	expect(world, "10.9.0.6", "");
	ip("link del here");
	expect(world, "fd00:9::5", "");
	wait_until(world, NULL, NULL, 0);
}

static void what_is_no_device_is_ignored(void **state)
{
	struct world *world = *state;
	start_watch(world);
	ip("neighbour add 10.9.0.10 lladdr 02:00:00:00:00:10 dev here nud noarp");
	ip("neighbour add 10.9.0.11 lladdr 03:00:00:00:00:11 dev here nud permanent"); /* a group */
	ip("neighbour add 10.9.0.12 lladdr ff:ff:ff:ff:ff:ff dev here nud permanent");
	ip("neighbour add 10.9.0.13 lladdr 00:00:00:00:00:00 dev here nud permanent");
	ip("neighbour add 10.9.0.14 lladdr 02:00:00:00:00:14 dev here nud permanent");
	ip("neighbour add 10.9.0.15 lladdr 02:00:00:00:00:15 dev here nud permanent");
	expect(world, "10.9.0.15", "02:00:00:00:00:15"); /* so all before it have been read */
	expect(world, "10.9.0.14", "02:00:00:00:00:14");
	send_to(0, "10.9.0.200"); /* nobody answers: INCOMPLETE */
	ip("neighbour del 10.9.0.15 dev here");
	expect(world, "10.9.0.15", "");
	expect(world, "10.9.0.14", "02:00:00:00:00:14");
	wait_until(world, NULL, NULL, 1);
}

static void same_address_on_two_interfaces(void **state)
{
	struct world *world = *state;
	ip("link add name other address 02:00:00:00:00:12 type veth peer name end");
	ip("link set end up");
	ip("link set other up");
	start_watch(world);
	ip("neighbour add fe80::9 lladdr 02:00:00:00:00:91 dev here nud permanent");
	expect(world, "fe80::9", "02:00:00:00:00:91");
	ip("neighbour add fe80::9 lladdr 02:00:00:00:00:92 dev other nud permanent");
	expect(world, "fe80::9", "02:00:00:00:00:92"); /* the last seen */
	ip("neighbour del fe80::9 dev here");
	ip("neighbour add 10.9.0.30 lladdr 02:00:00:00:00:30 dev here nud permanent");
	expect(world, "10.9.0.30", "02:00:00:00:00:30");
	expect(world, "fe80::9", "02:00:00:00:00:92"); /* another interface's loss is not its */
	ip("neighbour del fe80::9 dev other");
	expect(world, "fe80::9", "");
}

/* `count` entries of 10.10.0.0/16 with `ip -batch`. */
static void add_many(unsigned count)
{
	FILE *file = tmpfile();
	assert_non_null(file);
	for (unsigned i = 0; i < count; i++)
		fprintf(file,
		        "neighbour add 10.10.%u.%u lladdr 02:00:00:00:%02x:%02x dev here nud permanent\n",
		        i >> 8, i & 255, i >> 8, i & 255);
	rewind(file);
	int status = ip_in(0, "-batch -", file);
	fclose(file);
	assert_int_equal(status, 0);
}

/* More events than the socket holds: what was lost comes, and goes, with a new dump. */
static void overrun_is_mended(void **state)
{
	enum { COUNT = 5000 };
	struct world *world = *state;
	start_watch(world);
	wait_until(world, NULL, NULL, 0);
	add_many(COUNT);
	wait_until(world, NULL, NULL, COUNT);
	expect(world, "10.10.19.135", "02:00:00:00:13:87"); /* the last: 4999 */
	ip("neighbour add 10.9.0.40 lladdr 02:00:00:00:00:40 dev lo nud permanent");
	ip("link del here");
	ip("link add name here type veth peer name there");
	ip("link set there up");
	ip("link set here up");
	ip("neighbour add 10.9.0.41 lladdr 02:00:00:00:00:41 dev here nud permanent");
	expect(world, "10.9.0.41", "02:00:00:00:00:41");
	expect(world, "10.10.19.135", "");
	wait_until(world, NULL, NULL, 2);
}

static void no_more_than_the_bound(void **state)
{
	enum { BOUND = 100 };
	struct world *world = *state;
	add_many(BOUND + 10);
	world->watch = neighbour_watch_new_bounded(seed, BOUND, (struct neighbour_listener){0});
	assert_non_null(world->watch);
	wait_until(world, NULL, NULL, BOUND);
	wait_for_refused(world, 10);
	ip("neighbour add 10.9.0.50 lladdr 02:00:00:00:00:50 dev here nud permanent");
	wait_for_refused(world, 11);
	wait_until(world, NULL, NULL, BOUND);
	expect(world, "10.9.0.50", "");
}

static bool can_do_it(const char **why)
{
	*why = "this needs root";
	if (geteuid())
		return false;
	*why = "the kernel allows no network namespace";
	if (unshare(CLONE_NEWNET) < 0)
		return false;
	*why = "there is no ip(8), or no veth pair can be made";
	return !ip_in(0, "link add name one type veth peer name two", NULL);
}

int main(void)
{
	const char *why;
	if (!can_do_it(&why)) {
		printf("skipped: %s\n", why);
		return SKIPPED;
	}
#define with_world(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_world(first_dump_then_events),
		with_world(who_speaks_first_is_seen_too),
		with_world(address_changes_hands),
		with_world(vanishes),
		with_world(what_is_no_device_is_ignored),
		with_world(same_address_on_two_interfaces),
		with_world(overrun_is_mended),
		with_world(no_more_than_the_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
