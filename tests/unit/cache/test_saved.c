/* Unit tests of cache/saved.h: what is saved comes back as it was, and older; what is no such file is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/saved.h"
#include "dns/unfold.h"
#include "unit/cache/fixture.h"
#include "unit/cache/kept.h"

#define UPSTREAMS 7
#define PASSING (1ull << 63)

static const struct hash_key seed = {1}, other_seed = {2};

struct world {
	char path[64];
	struct cache *cache;
	char why[OWN_FILE_WHY_MAX];
	size_t count;
};

static struct now at(int64_t seconds)
{
	return (struct now){.mono_us = seconds * 1000000, .wall_us = (1000 + seconds) * 1000000};
}

static void add(struct cache *cache, uint64_t space, struct now now)
{
	struct cache_entry *entry = kept_entry(cache, space, now);
	assert_non_null(entry);
	cache_insert(cache, entry, now);
	cache_entry_unref(entry);
}

/* A file with one answer of the default group, one of another and one that is not for the next run, known since second 10. */
static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	strcpy(world->path, "/tmp/test_saved.XXXXXX");
	int fd = mkstemp(world->path);
	assert_true(fd >= 0);
	close(fd);
	struct cache *cache = cache_new(1 << 20, seed);
	assert_non_null(cache);
	add(cache, 0, at(10));
	add(cache, 5, at(10));
	add(cache, PASSING | 1, at(10));
	assert_int_equal(cache_save(cache, world->path, UPSTREAMS, at(20), &world->count, world->why),
	                 PF_OK);
	assert_int_equal(world->count, 2);
	cache_free(&cache);
	world->cache = cache_new(1 << 20, other_seed);
	assert_non_null(world->cache);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	cache_free(&world->cache);
	unlink(world->path);
	free(world);
	return 0;
}

static int load(struct world *world, uint64_t upstreams, struct now now)
{
	return cache_load(world->cache, world->path, upstreams, now, &world->count, world->why);
}

static void it_comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct dns_name servers[ANSWER_SERVER_MAX], name;
	/* After a restart of the machine its clock begins anew. */
	const struct now now = {.mono_us = 2000000, .wall_us = at(110).wall_us};
	struct cache_key key = key_of("www.kept.test", DNS_TYPE_A);
	assert_int_equal(load(world, UPSTREAMS, now), PF_OK);
	assert_int_equal(world->count, 2);
	rcu_read_lock();
	const struct cache_entry *entry = cache_lookup(world->cache, &key, now);
	assert_non_null(entry);
	assert_int_equal(now.mono_us - cache_entry_stored_us(entry), 100000000);
	assert_int_equal(cache_entry_expires_us(entry) - now.mono_us, 100000000);
	assert_string_equal(cache_entry_upstream(world->cache, entry), "192.0.2.53:53");
	static struct answer_room room;
	struct answer kept, *answer = &kept;
	cache_entry_answer(entry, answer);
	answer_unfold(answer, &room);
	assert_int_equal(answer->address_count, 2);
	assert_int_equal(answer->hop_count, 1);
	assert_int_equal(dns_name_from_text("host.kept.test", &name), PF_OK);
	assert_true(dns_name_equal(&answer->hops[0], &name));
	assert_int_equal(answer_servers(answer, servers), 1);
	assert_int_equal(dns_name_from_text("ns.kept.test", &name), PF_OK);
	assert_true(dns_name_equal(&servers[0], &name));
	assert_int_equal(answer->server_address_count, 1);
	assert_memory_equal(answer->server_addresses[0].bytes, ((uint8_t[]){192, 0, 2, 53}), 4);
	key.space = 5;
	assert_non_null(cache_lookup(world->cache, &key, now));
	rcu_read_unlock();
}

static void what_is_over_stays_out(void **state)
{
	struct world *world = *state;
	assert_int_equal(load(world, UPSTREAMS, at(210)), PF_OK);
	assert_int_equal(world->count, 0);
	assert_int_equal(load(world, UPSTREAMS, at(5)), PF_OK); /* the clock was set back */
	assert_int_equal(world->count, 0);
	assert_int_equal(load(world, UPSTREAMS, at(209)), PF_OK);
	assert_int_equal(world->count, 2);
}

static void other_upstreams_said_other_things(void **state)
{
	struct world *world = *state;
	assert_int_equal(load(world, UPSTREAMS + 1, at(20)), PF_EINVAL);
	assert_string_equal(world->why, "holds what other upstreams have said");
}

static void no_file_is_no_fault(void **state)
{
	struct world *world = *state;
	unlink(world->path);
	assert_int_equal(load(world, UPSTREAMS, at(20)), PF_ENOENT);
}

static void a_damaged_file_is_refused(void **state)
{
	struct world *world = *state;
	struct stat info;
	assert_int_equal(stat(world->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	FILE *file = fopen(world->path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, -1, SEEK_END), 0);
	fputc('x', file);
	fclose(file);
	assert_int_equal(load(world, UPSTREAMS, at(20)), PF_EINVAL);
	assert_string_equal(world->why, "is damaged: its checksum is wrong");
	assert_int_equal(truncate(world->path, 10), 0);
	assert_int_equal(load(world, UPSTREAMS, at(20)), PF_EINVAL);
	assert_string_equal(world->why, "is damaged: it is too short");
	assert_int_equal(chmod(world->path, 0644), 0);
	assert_int_equal(load(world, UPSTREAMS, at(20)), PF_EINVAL);
	assert_string_equal(world->why, "may be read or written by others");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_comes_back_as_it_was, build, tear_down),
		cmocka_unit_test_setup_teardown(what_is_over_stays_out, build, tear_down),
		cmocka_unit_test_setup_teardown(other_upstreams_said_other_things, build, tear_down),
		cmocka_unit_test_setup_teardown(no_file_is_no_fault, build, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_refused, build, tear_down),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
