/* Whose the names are, on all the way to an address. Journals of before get their owners by test_migrate. */
#include <stdio.h>
#include <string.h>

#include "unit/journal/check.h"

/* `name`, by way of `hops`, at 198.51.100.`last_byte`. */
static void write(struct sink *sink, const char *name_text, const char *const *hops,
                  unsigned hop_count, uint8_t last_byte, int64_t second)
{
	struct dns_name name, hop_names[RECORD_HOP_MAX];
	struct record_address address = {.address = {4, {198, 51, 100, last_byte}},
	                                 .standing = STANDING_UNKNOWN,
	                                 .confidence = CONFIDENCE_LOW};
	struct record_answer answer = {.standing = STANDING_UNKNOWN,
	                               .confidence = CONFIDENCE_LOW,
	                               .hop_count = (uint16_t)hop_count,
	                               .address_count = 1,
	                               .hops = hop_names,
	                               .addresses = &address};
	uint64_t answer_id = 1000 + (uint64_t)second;
	assert_int_equal(dns_name_from_text(name_text, &name), PF_OK);
	for (unsigned i = 0; i < hop_count; i++)
		assert_int_equal(dns_name_from_text(hops[i], &hop_names[i]), PF_OK);
	struct record record = {.time_wall_us = SAMPLE_TIME_US + second * 1000000,
	                        .client = {4, {192, 168, 1, 7}},
	                        .device_id = "name:tv",
	                        .device_name = "tv",
	                        .name = &name,
	                        .type = 1,
	                        .source = SOURCE_UPSTREAM,
	                        .rule_name = "",
	                        .reason = "",
	                        .upstream = "",
	                        .standing = STANDING_UNKNOWN,
	                        .confidence = CONFIDENCE_LOW,
	                        .answer_id = answer_id,
	                        .answer = &answer};
	begin_batch(sink);
	write_record(sink, &record);
	commit_batch(sink);
}

static void assert_domain(sqlite3 *db, const char *name, const char *domain)
{
	char sql[256];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM name WHERE text = '%s' AND domain = '%s'", name,
	         domain);
	if (db_number(db, sql) != 1)
		fail_msg("%s", sql);
}

static void every_name_has_its_owner(void **state)
{
	const struct place *place = *state;
	static const char *const akamai[] = {"a.vendor.com.edgekey.net", "e7.dscb.akamaiedge.net"};
	struct sink *sink = open_sink(place->path);
	write(sink, "a.vendor.com", akamai, 2, 7, 0);
	write(sink, "camera.firm.co.uk", NULL, 0, 8, 1);
	write(sink, "co.uk", NULL, 0, 9, 2);
	write(sink, "wi\\032fi\\.x.firm.example", NULL, 0, 10, 3);
	sink->close(&sink);
	sqlite3 *db = open_db(place->path);
	assert_domain(db, "a.vendor.com", "vendor.com");
	assert_domain(db, "a.vendor.com.edgekey.net", "edgekey.net");
	assert_domain(db, "e7.dscb.akamaiedge.net", "akamaiedge.net");
	assert_domain(db, "camera.firm.co.uk", "firm.co.uk");
	assert_domain(db, "co.uk", "");
	assert_int_equal(db_number(db, "SELECT count(*) FROM name WHERE domain = 'firm.example'"), 1);
	assert_int_equal(db_number(db, "SELECT count(*) FROM v_owners WHERE name = 'a.vendor.com' AND"
	                               " domain = 'vendor.com' AND via ="
	                               " 'a.vendor.com.edgekey.net e7.dscb.akamaiedge.net'"),
	                 1);
	assert_int_equal(db_number(db, "SELECT count(*) FROM v_owners WHERE via IS NULL"), 3);
	sqlite3_close(db);
}

/* ---- through the store ------------------------------------------------------------------- */

static int keep_via(void *data, const struct store_endpoint *row)
{
	snprintf(data, 256, "%s|%s|%s", row->name, row->domain, row->via);
	return PF_OK;
}

static void assert_endpoint(const char *path, const char *name, const char *expected)
{
	char error[256], found[256] = "";
	struct store *store = sqlite_store_open(path, error, sizeof error);
	assert_non_null(store);
	assert_int_equal(store->endpoints(store, &(struct store_filter){.name = name}, keep_via, found),
	                 PF_OK);
	assert_string_equal(found, expected);
	store->close(&store);
}

static void the_last_way_counts(void **state)
{
	const struct place *place = *state;
	static const char *const akamai[] = {"e7.akamaiedge.net"};
	static const char *const other[] = {"d1.cloudfront.net"};
	struct sink *sink = open_sink(place->path);
	write(sink, "a.vendor.com", akamai, 1, 7, 10);
	sink->close(&sink);
	assert_endpoint(place->path, "a.vendor.com", "a.vendor.com|vendor.com|e7.akamaiedge.net");
	sink = open_sink(place->path);
	write(sink, "a.vendor.com", other, 1, 7, 20);
	write(sink, "a.vendor.com", NULL, 0, 7, 5); /* an older one comes late */
	sink->close(&sink);
	assert_endpoint(place->path, "a.vendor.com", "a.vendor.com|vendor.com|d1.cloudfront.net");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_name_has_its_owner),
		CASE(the_last_way_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
