/* Walks the search tree of an ASN database once and turns its leaves into ranges, so that it needs no more memory and time than
 * a CSV file of the same content. */
#include "geo/control_mmdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/mmdb_walk.h"

/* "AS15169", or a number as text. */
static uint32_t parse_asn(const char *text, size_t length)
{
	char digits[12];
	unsigned long number;
	if (length > 2 && (text[0] | 32) == 'a' && (text[1] | 32) == 's') {
		text += 2;
		length -= 2;
	}
	if (!length || length >= sizeof digits || *text < '0' || *text > '9')
		return 0;
	memcpy(digits, text, length);
	digits[length] = '\0';
	char *rest;
	number = strtoul(digits, &rest, 10);
	return *rest || number > UINT32_MAX ? 0 : (uint32_t)number;
}

static uint32_t read_asn(MMDB_entry_s *entry)
{
	static const char *const keys[] = {"autonomous_system_number", "asn"};
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		MMDB_entry_data_s data;
		if (MMDB_get_value(entry, &data, keys[i], NULL) != MMDB_SUCCESS || !data.has_data)
			continue;
		switch (data.type) {
		case MMDB_DATA_TYPE_UINT16: return data.uint16;
		case MMDB_DATA_TYPE_UINT32: return data.uint32;
		case MMDB_DATA_TYPE_UTF8_STRING: return parse_asn(data.utf8_string, data.data_size);
		default: break;
		}
	}
	return 0;
}

static bool names_network(MMDB_entry_s *entry)
{
	return read_asn(entry) != 0;
}

static void read_organisation(MMDB_entry_s *entry, struct as_range *range)
{
	static const char *const keys[] = {"autonomous_system_organization", "as_name", "name"};
	range->organisation = "";
	for (size_t i = 0; i < PF_COUNT(keys) && !range->organisation_length; i++) {
		MMDB_entry_data_s data;
		if (MMDB_get_value(entry, &data, keys[i], NULL) != MMDB_SUCCESS || !data.has_data ||
		    data.type != MMDB_DATA_TYPE_UTF8_STRING)
			continue;
		range->organisation = data.utf8_string;
		range->organisation_length = data.data_size;
	}
}

static int take_leaf(void *data, const struct addr *start, const struct addr *end,
                     MMDB_entry_s *entry)
{
	const struct as_range_taker *taker = data;
	struct as_range range = {.start = *start, .end = *end, .asn = read_asn(entry)};
	if (!range.asn)
		return PF_OK;
	read_organisation(entry, &range);
	return taker->take(taker->data, &range);
}

static int tell(const struct config_path *path, const char *file, struct diag *diag, int error,
                const char *fault)
{
	diag_error(
		diag, file, path->pos.line, path->pos.column,
		"the table of networks %s can not be used: %s; an mmdb file of AS numbers or a CSV file of "
		"start,end,asn,organisation is expected here",
		path->path, fault);
	return error;
}

int control_read_mmdb(const struct config_path *path, const char *file, struct diag *diag,
                      const struct as_range_taker *taker, int64_t *built_us)
{
	char fault[MMDB_FAULT_MAX];
	size_t networks;
	MMDB_s mmdb;
	int error = mmdb_open(path->path, names_network, &mmdb, &networks, fault);
	if (error != PF_OK)
		return tell(path, file, diag, error, fault);
	if (!networks) {
		snprintf(fault, sizeof fault, "it names no AS number (it is a %.64s database)",
		         mmdb.metadata.database_type);
		MMDB_close(&mmdb);
		return tell(path, file, diag, PF_EINVAL, fault);
	}
	const struct mmdb_leaf_taker leaves = {take_leaf, (void *)taker};
	const char *wrong;
	error = mmdb_walk(&mmdb, &leaves, &wrong);
	*built_us = mmdb_built_us(&mmdb);
	MMDB_close(&mmdb);
	return wrong ? tell(path, file, diag, error, wrong) : error;
}
