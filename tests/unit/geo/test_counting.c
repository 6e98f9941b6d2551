/* Special-use addresses reach no database: the calls of the judgement into the databases go through doubles here that count them and
 * pass them on (the linker's --wrap). With PF_GEOIP the same is counted with the free databases, one of which says AU of
 * 192.168.0.0/16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/anycast.h"
#include "geo/control.h"
#include "geo/geo.h"
#include "geo/location.h"
#include "support/mmdb_writer.h"

/* All rows of the IANA IPv4 and IPv6 Special-Purpose Address Registries, and multicast, but for the three blocks that hold an IPv4
 * address (::ffff:0:0/96, 64:ff9b::/96, 2002::/16): what is in these is judged as that address. */
static const char *const registries[] = {
	"0.0.0.0/8",       "0.0.0.0/32",      "10.0.0.0/8",
	"100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
	"172.16.0.0/12",   "192.0.0.0/24",    "192.0.0.0/29",
	"192.0.0.8/32",    "192.0.0.9/32",    "192.0.0.10/32",
	"192.0.0.170/32",  "192.0.0.171/32",  "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.88.99.2/32",  "192.168.0.0/16",  "192.175.48.0/24",
	"198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4",     "240.0.0.0/4",     "255.255.255.255/32",
	"::1/128",         "::/128",          "64:ff9b:1::/48",
	"100::/64",        "100:0:0:1::/64",  "2001::/23",
	"2001::/32",       "2001:1::1/128",   "2001:1::2/128",
	"2001:1::3/128",   "2001:2::/48",     "2001:3::/32",
	"2001:4:112::/48", "2001:10::/28",    "2001:20::/28",
	"2001:30::/28",    "2001:db8::/32",   "2620:4f:8000::/48",
	"3fff::/20",       "5f00::/16",       "fc00::/7",
	"fe80::/10",       "fec0::/10",       "ff00::/8",
};

#define INSIDE 64 /* addresses of each block that are asked for, beside the first and the last */

/* ---- the doubles ------------------------------------------------------------------------- */

struct calls {
	size_t location, control, anycast;
};

static struct calls calls;

struct place __real_location_find(const struct location *location, const struct addr *addr);
struct place __wrap_location_find(const struct location *location, const struct addr *addr);
const struct as *__real_control_find(const struct control *control, const struct addr *addr);
const struct as *__wrap_control_find(const struct control *control, const struct addr *addr);
bool __real_anycast_has(const struct anycast *anycast, const struct addr *addr);
bool __wrap_anycast_has(const struct anycast *anycast, const struct addr *addr);

struct place __wrap_location_find(const struct location *location, const struct addr *addr)
{
	calls.location++;
	return __real_location_find(location, addr);
}

const struct as *__wrap_control_find(const struct control *control, const struct addr *addr)
{
	calls.control++;
	return __real_control_find(control, addr);
}

bool __wrap_anycast_has(const struct anycast *anycast, const struct addr *addr)
{
	calls.anycast++;
	return __real_anycast_has(anycast, addr);
}

/* ---- the addresses ----------------------------------------------------------------------- */

union judged {
	struct answer_facts facts;
	uint8_t room[sizeof(struct answer_facts) + sizeof(struct address_facts)];
};

static void judge(const struct geo *geo, const struct addr *addr, union judged *judged)
{
	geo_judge(geo, 0, addr, 1, (struct now){0}, &judged->facts);
}

static size_t expect_nothing(const struct geo *geo, const struct addr *addr)
{
	union judged judged;
	char text[ADDR_TEXT_MAX];
	calls = (struct calls){0};
	judge(geo, addr, &judged);
	const struct address_facts *facts = &judged.facts.addresses[0];
	addr_format(addr, text);
	if (calls.location || calls.control || calls.anycast)
		fail_msg("%s reached a database", text);
	assert_true(facts->special);
	assert_int_equal(facts->standing, STANDING_UNKNOWN);
	assert_false(country_known(facts->location));
	assert_int_equal(facts->asn, 0);
	return 1;
}

/* An IPv4 address in every IPv6 form that carries one. */
static size_t expect_nothing_wrapped(const struct geo *geo, const struct addr *v4)
{
	static const struct {
		uint8_t lead[12];
		size_t at;
	} forms[] = {
		{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12}, /* mapped, RFC 4291 */
		{{0x20, 0x02}, 2},                                /* 6to4, RFC 3056 */
		{{0, 0x64, 0xff, 0x9b}, 12},                      /* NAT64, RFC 6052 */
		{{0}, 12},                                        /* compatible, deprecated */
	};
	for (size_t i = 0; i < PF_COUNT(forms); i++) {
		struct addr wrapped = {.family = 6};
		memcpy(wrapped.bytes, forms[i].lead, sizeof forms[i].lead);
		memcpy(wrapped.bytes + forms[i].at, v4->bytes, 4);
		expect_nothing(geo, &wrapped);
	}
	return PF_COUNT(forms);
}

/* Bits behind the prefix: all 0, all 1, or made up. */
static struct addr inside(const struct prefix *block, unsigned number, uint32_t *random)
{
	struct addr addr = block->addr;
	for (unsigned bit = block->length; bit < (addr.family == 4 ? 32 : 128); bit++) {
		*random = *random * 1664525 + 1013904223;
		if (number == 1 || (number > 1 && *random >> 31))
			addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	return addr;
}

static size_t expect_nothing_of_all(const struct geo *geo)
{
	uint32_t random = 5;
	size_t count = 0;
	for (size_t i = 0; i < PF_COUNT(registries); i++) {
		struct prefix block;
		assert_int_equal(prefix_parse(registries[i], &block), PF_OK);
		for (unsigned number = 0; number < INSIDE + 2; number++) {
			struct addr addr = inside(&block, number, &random);
			count += expect_nothing(geo, &addr);
			if (addr.family == 4)
				count += expect_nothing_wrapped(geo, &addr);
		}
	}
	return count;
}

/* That the doubles count at all: an address that is nothing special asks each source once. */
static void expect_each_asked(const struct geo *geo, const char *text)
{
	union judged judged;
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	calls = (struct calls){0};
	judge(geo, &addr, &judged);
	assert_int_equal(calls.location, geo_location_count(geo));
	assert_int_equal(calls.control, 1);
	assert_int_equal(calls.anycast, 1);
}

static void expect_others_asked(const struct geo *geo)
{
	static const char *const others[] = {"8.8.8.8",         "1.0.0.0",         "192.167.255.255",
	                                     "192.169.0.0",     "100.63.255.255",  "223.255.255.255",
	                                     "2a00:1450::1",    "2001:200::1",     "::ffff:9.9.9.9",
	                                     "2002:808:808::1", "64:ff9b::8.8.8.8"};
	for (size_t i = 0; i < PF_COUNT(others); i++)
		expect_each_asked(geo, others[i]);
}

/* ---- with databases ---------------------------------------------------------------------- */

static struct geo *load(const struct config_path *location, size_t count)
{
	struct country home = {"US"};
	struct config config = {.file = (char *)"test.yaml",
	                        .home = &home,
	                        .home_count = 1,
	                        .geo = {.location = (struct config_path *)location,
	                                .location_count = count,
	                                .max_age_us = INT64_MAX / 2}};
	struct geo *geo = NULL;
	struct diag diag;
	diag_init(&diag);
	assert_int_equal(geo_load(&config, (struct now){0}, 1, &diag, &geo), PF_OK);
	diag_deinit(&diag);
	return geo;
}

/* Two databases that would say AU and CN of all of them. */
static void special_use_reaches_no_database(void **state)
{
	(void)state;
	static const char *const lines[2][5] = {
		{"0.0.0.0/1 AU", "128.0.0.0/1 AU", "8000::/1 AU", "4000::/2 AU", "2000::/3 AU"},
		{"0.0.0.0/1 CN", "128.0.0.0/1 CN", "8000::/1 CN", "4000::/2 CN", "2000::/3 CN"},
	};
	char folder[] = "/tmp/portafilter-count-XXXXXX", paths[2][64];
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%c.mmdb", folder, "ab"[i]);
		mmdb_write(paths[i], i ? "b-country" : "a-country", 1780000000 + i, MMDB_FLAT, lines[i],
		           PF_COUNT(lines[i]));
	}
	struct geo *geo = load((struct config_path[]){{{1, 1}, paths[0]}, {{2, 1}, paths[1]}}, 2);
	expect_others_asked(geo);
	assert_true(expect_nothing_of_all(geo) > 9000);
	geo_free(&geo);
	for (size_t i = 0; i < 2; i++)
		unlink(paths[i]);
	rmdir(folder);
}

static void nor_the_free_ones(void **state)
{
	(void)state;
	static const char *const names[] = {"dbip-country.mmdb", "geo-whois-asn-country.mmdb"};
	const char *folder = getenv("PF_GEOIP");
	char paths[2][4096];
	for (size_t i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%s", folder ? folder : "", names[i]);
		if (!folder || access(paths[i], R_OK))
			skip();
	}
	struct geo *geo = load((struct config_path[]){{{1, 1}, paths[0]}, {{2, 1}, paths[1]}}, 2);
	struct config_path path = {{1, 1}, paths[1]};
	struct location *direct;
	struct diag diag;
	struct addr addr;
	diag_init(&diag);
	assert_int_equal(location_open(&path, "test.yaml", &diag, &direct), PF_OK);
	assert_int_equal(addr_parse("192.168.1.1", &addr), PF_OK);
	struct place place = __real_location_find(direct, &addr);
	print_message("%s says of 192.168.1.1: %s\n", names[1], place.location.code);
	assert_string_equal(place.location.code, "AU");
	location_close(&direct);
	diag_deinit(&diag);
	expect_others_asked(geo);
	size_t count = expect_nothing_of_all(geo);
	print_message(
		"%zu addresses of %zu blocks, and what they are wrapped in: 0 reached a database\n", count,
		PF_COUNT(registries));
	geo_free(&geo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_use_reaches_no_database),
		cmocka_unit_test(nor_the_free_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
