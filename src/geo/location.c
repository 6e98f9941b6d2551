/* A location database through libmaxminddb. Before it is used its whole tree is walked once and each
 * record decoded, since the library trusts what it reads. */
#include "geo/location.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DATABASE_BYTES_MAX \
	(2ull << 30)                       /* City files have 60 MB, the largest commercial ones 1 GB */
#define RECORDS_WITHOUT_COUNTRY_MAX 64 /* looked at before a database is taken to have none */

struct location {
	MMDB_s mmdb;
};

/* Where the shapes keep the code: MaxMind's, then MaxMind's for anycast and military networks, then the
 * flat ones of ip-location-db and IPinfo. */
static const char *const path_country[] = {"country", "iso_code", NULL};
static const char *const path_registered[] = {"registered_country", "iso_code", NULL};
static const char *const path_flat[] = {"country_code", NULL};
static const char *const path_ipinfo[] = {"country", NULL};
static const char *const *const paths[] = {path_country, path_registered, path_flat, path_ipinfo};

struct country country_from_text(const char *text, size_t length)
{
	static const char none[][3] = {"EU", "AP", "ZZ", "XX", "A1", "A2", "O1"};
	struct country country = {""};
	if (length != 2)
		return country;
	for (size_t i = 0; i < 2; i++) {
		char c = text[i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z')
			return (struct country){""};
		country.code[i] = c;
	}
	for (size_t i = 0; i < PF_COUNT(none); i++)
		if (!memcmp(country.code, none[i], 2))
			return (struct country){""};
	if (!memcmp(country.code, "UK", 2))
		memcpy(country.code, "GB", 2);
	return country;
}

static struct country read_country(MMDB_entry_s *entry)
{
	for (size_t i = 0; i < PF_COUNT(paths); i++) {
		MMDB_entry_data_s data;
		if (MMDB_aget_value(entry, &data, paths[i]) != MMDB_SUCCESS || !data.has_data ||
		    data.type != MMDB_DATA_TYPE_UTF8_STRING)
			continue;
		struct country country = country_from_text(data.utf8_string, data.data_size);
		if (country_known(country))
			return country;
	}
	return (struct country){""};
}

/* ---- validation -------------------------------------------------------------------------- */

/* A record's data offset, remembered so that shared records are decoded once. */
struct offsets {
	size_t count, mask;
	uint32_t *slots; /* offset + 1; 0: empty */
};

static bool offsets_grow(struct offsets *offsets)
{
	size_t size = offsets->mask ? (offsets->mask + 1) * 2 : 1024;
	uint32_t *slots = calloc(size, sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = 0; offsets->slots && i <= offsets->mask; i++) {
		if (!offsets->slots[i])
			continue;
		size_t at = (offsets->slots[i] * 0x9e3779b1u) & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = offsets->slots[i];
	}
	free(offsets->slots);
	offsets->slots = slots;
	offsets->mask = size - 1;
	return true;
}

/* 1 new, 0 known, PF_ENOMEM. */
static int offsets_add(struct offsets *offsets, uint32_t offset)
{
	if (offsets->count * 2 >= offsets->mask && !offsets_grow(offsets))
		return PF_ENOMEM;
	uint32_t key = offset + 1;
	size_t at = (key * 0x9e3779b1u) & offsets->mask;
	for (; offsets->slots[at]; at = (at + 1) & offsets->mask)
		if (offsets->slots[at] == key)
			return 0;
	offsets->slots[at] = key;
	offsets->count++;
	return 1;
}

struct validation {
	const MMDB_s *mmdb;
	struct offsets seen;
	size_t records, countries;
	const char *fault; /* NULL: none yet */
};

static void check_record(struct validation *v, uint8_t type, MMDB_entry_s *entry)
{
	if (type != MMDB_RECORD_TYPE_DATA)
		return;
	if (entry->offset >= v->mmdb->data_section_size) {
		v->fault = "a record points behind the data";
		return;
	}
	int fresh = offsets_add(&v->seen, entry->offset);
	if (fresh <= 0) {
		v->fault = fresh < 0 ? "there is no memory to check it" : v->fault;
		return;
	}
	MMDB_entry_data_list_s *list = NULL;
	int status = MMDB_get_entry_data_list(entry, &list);
	MMDB_free_entry_data_list(list);
	if (status != MMDB_SUCCESS) {
		v->fault = MMDB_strerror(status);
		return;
	}
	v->records++;
	v->countries += country_known(read_country(entry));
}

/* Every node by its number: no recursion, and a loop in the tree can not hold up the walk; look-ups are
 * bounded by the length of an address. */
static void check_tree(struct validation *v)
{
	for (uint32_t i = 0; i < v->mmdb->metadata.node_count && !v->fault; i++) {
		MMDB_search_node_s node;
		int status = MMDB_read_node(v->mmdb, i, &node);
		if (status != MMDB_SUCCESS || node.left_record_type == MMDB_RECORD_TYPE_INVALID ||
		    node.right_record_type == MMDB_RECORD_TYPE_INVALID) {
			v->fault = "its search tree has a record that points nowhere";
			return;
		}
		check_record(v, node.left_record_type, &node.left_record_entry);
		if (!v->fault)
			check_record(v, node.right_record_type, &node.right_record_entry);
	}
}

static const char *validate(const MMDB_s *mmdb)
{
	struct validation v = {.mmdb = mmdb};
	check_tree(&v);
	free(v.seen.slots);
	if (!v.fault && !v.countries)
		v.fault = "it names no country: a location database (country or city) is wanted here";
	return v.fault;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* An error that concerns the file itself, before the library sees it: it maps what it is given. */
static const char *check_file(const char *path)
{
	struct stat info;
	if (stat(path, &info))
		return strerror(errno);
	if (!S_ISREG(info.st_mode))
		return "it is no file";
	if (!info.st_size)
		return "it is empty";
	return (uint64_t)info.st_size > DATABASE_BYTES_MAX ? "it is larger than 2 GB" : NULL;
}

static const char *check_metadata(const MMDB_s *mmdb)
{
	const MMDB_metadata_s *metadata = &mmdb->metadata;
	if (!metadata->node_count)
		return "it has no entries";
	if (metadata->ip_version != 4 && metadata->ip_version != 6)
		return "its IP version is neither 4 nor 6";
	return NULL;
}

struct location *location_open(const struct config_path *path, const char *file, struct diag *diag)
{
	struct location *location = calloc(1, sizeof *location);
	const char *fault = location ? check_file(path->path) : "there is no memory to open it";
	bool opened = false;
	if (!fault) {
		int status = MMDB_open(path->path, MMDB_MODE_MMAP, &location->mmdb);
		opened = status == MMDB_SUCCESS;
		fault = opened ? check_metadata(&location->mmdb) : MMDB_strerror(status);
	}
	if (!fault)
		fault = validate(&location->mmdb);
	if (!fault)
		return location;
	diag_error(
		diag, file, path->pos.line, path->pos.column,
		"the location database %s can not be used: %s; contrib/fetch-geoip brings a good one",
		path->path, fault);
	if (opened)
		MMDB_close(&location->mmdb);
	free(location);
	return NULL;
}

void location_close(struct location **location)
{
	if (!*location)
		return;
	MMDB_close(&(*location)->mmdb);
	free(*location);
	*location = NULL;
}

struct country location_find(const struct location *location, const struct addr *addr)
{
	struct addr_port with_port = {*addr, 0};
	struct sockaddr_storage address;
	int status;
	if (addr->family == 6 && location->mmdb.metadata.ip_version == 4)
		return (struct country){""};
	addr_to_sockaddr(&with_port, &address);
	MMDB_lookup_result_s found =
		MMDB_lookup_sockaddr(&location->mmdb, (struct sockaddr *)&address, &status);
	if (status != MMDB_SUCCESS || !found.found_entry)
		return (struct country){""};
	return read_country(&found.entry);
}

int64_t location_built_us(const struct location *location)
{
	return (int64_t)location->mmdb.metadata.build_epoch * 1000000;
}

const char *location_type(const struct location *location)
{
	return location->mmdb.metadata.database_type;
}

uint32_t location_node_count(const struct location *location)
{
	return location->mmdb.metadata.node_count;
}
