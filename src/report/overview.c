/* The first look, see overview.h: one walk over the sums of hours or days, and one over those of devices. */
#include "report/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/text.h"

#define US_PER_HOUR INT64_C(3600000000)
#define HOURS_PER_DAY 24

struct overview {
	int64_t unit_us, first;      /* of `hours`: what one stands for, and the number of the first */
	json_t *hours;               /* array of objects */
	json_t *devices, *countries; /* id or code to its object */
	int64_t queries, flag, sinkhole;
};

static void add(json_t *object, const char *key, int64_t count)
{
	json_int_t old = json_integer_value(json_object_get(object, key));
	json_object_set_new(object, key, json_integer(old + count));
}

/* What a query counts as. A sinkholed one reached nobody, wherever the answer would have stood. */
static const char *place_of(const struct store_sum *row)
{
	if (!strcmp(row->action, "sinkhole"))
		return "sinkhole";
	return *row->standing ? row->standing : "none";
}

static json_t *device_of(struct overview *overview, const struct store_sum *row)
{
	json_t *device = json_object_get(overview->devices, row->device_id);
	if (!device) {
		device = json_pack("{s:o, s:o, s:i}", "id", report_text(row->device_id), "device",
		                   report_text(row->device), "flag", 0);
		json_object_set_new(overview->devices, row->device_id, device);
	}
	return device;
}

/* Kept until the end: {"queries", "standings": {…}, "devices": {id: true}}. */
static void add_country(struct overview *overview, const struct store_sum *row)
{
	if (!*row->standing)
		return;
	/* Where an anycast address stands nobody can say, whatever a database has for it. */
	const char *code = !strcmp(row->standing, "indeterminate") ? "" : row->country;
	json_t *country = json_object_get(overview->countries, code);
	if (!country) {
		country = json_pack("{s:i, s:{}, s:{}}", "queries", 0, "standings", "devices");
		json_object_set_new(overview->countries, code, country);
	}
	add(country, "queries", row->count);
	add(json_object_get(country, "standings"), row->standing, row->count);
	json_object_set_new(json_object_get(country, "devices"), row->device_id, json_true());
}

static int on_time(void *data, const struct store_sum *row)
{
	struct overview *overview = data;
	int64_t at = row->time_wall_us / overview->unit_us - overview->first;
	json_t *step = at >= 0 ? json_array_get(overview->hours, (size_t)at) : NULL;
	if (step)
		add(step, place_of(row), row->count);
	if (step && !strcmp(row->action, "flag"))
		add(step, "flag", row->count);
	return PF_OK;
}

static int on_device(void *data, const struct store_sum *row)
{
	struct overview *overview = data;
	json_t *device = device_of(overview, row);
	if (!device)
		return PF_ENOMEM;
	overview->queries += row->count;
	if (!strcmp(row->action, "flag")) {
		overview->flag += row->count;
		add(device, "flag", row->count);
	} else if (!strcmp(row->action, "sinkhole")) {
		overview->sinkhole += row->count;
	}
	add(device, "queries", row->count);
	add(device, place_of(row), row->count);
	add_country(overview, row);
	return PF_OK;
}

/* ---- the document --------------------------------------------------------------------------- */

static int by_queries(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "queries"));
	json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "queries"));
	return (x < y) - (x > y);
}

/* The values of an object as an array, most queries first. Takes the object over. */
static json_t *ordered(json_t *object)
{
	size_t count = json_object_size(object), i = 0;
	json_t **values = calloc(count ? count : 1, sizeof(json_t *));
	json_t *array = json_array(), *value;
	const char *key;
	if (values && array) {
		json_object_foreach(object, key, value) values[i++] = value;
		qsort(values, count, sizeof *values, by_queries);
		for (i = 0; i < count; i++)
			json_array_append(array, values[i]);
	}
	free(values);
	json_decref(object);
	return array;
}

static const char *most(json_t *counts)
{
	const char *key, *found = "";
	json_int_t highest = 0;
	json_t *value;
	json_object_foreach(counts, key, value)
	{
		if (json_integer_value(value) > highest) {
			highest = json_integer_value(value);
			found = key;
		}
	}
	return found;
}

static void settle_countries(json_t *countries)
{
	const char *code;
	json_t *country;
	json_object_foreach(countries, code, country)
	{
		size_t devices = json_object_size(json_object_get(country, "devices"));
		json_object_set_new(country, "country", json_string(code));
		json_object_set_new(country, "standing",
		                    json_string(most(json_object_get(country, "standings"))));
		json_object_set_new(country, "devices", json_integer((json_int_t)devices));
		json_object_del(country, "standings");
	}
}

static json_t *empty_hours(const struct overview *overview, int64_t last)
{
	json_t *hours = json_array();
	for (int64_t at = overview->first; at <= last; at++)
		json_array_append_new(hours,
		                      json_pack("{s:o}", "time", report_time(at * overview->unit_us)));
	return hours;
}

int overview_make(struct store *store, const struct store_filter *filter, json_t **document)
{
	int64_t first = filter->since_wall_us / US_PER_HOUR, last = filter->until_wall_us / US_PER_HOUR;
	bool by_day = last - first > OVERVIEW_HOURS_MAX;
	*document = NULL;
	if (last < first || last - first > OVERVIEW_DAYS_MAX * HOURS_PER_DAY) {
		snprintf(store->error, sizeof store->error, "The time must be %d days at most.",
		         OVERVIEW_DAYS_MAX);
		return PF_EINVAL;
	}
	struct overview overview = {.unit_us = by_day ? HOURS_PER_DAY * US_PER_HOUR : US_PER_HOUR,
	                            .devices = json_object(),
	                            .countries = json_object()};
	overview.first = filter->since_wall_us / overview.unit_us;
	overview.hours = empty_hours(&overview, filter->until_wall_us / overview.unit_us);
	int result =
		store->sums(store, by_day ? STORE_SUMS_DAYS : STORE_SUMS_HOURS, filter, on_time, &overview);
	if (result == PF_OK)
		result = store->sums(store, STORE_SUMS_DEVICES, filter, on_device, &overview);
	settle_countries(overview.countries);
	json_t *made =
		json_pack("{s:{s:o, s:o}, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "range", "since",
	              report_time(filter->since_wall_us), "until", report_time(filter->until_wall_us),
	              "step", by_day ? "day" : "hour", "queries", (json_int_t)overview.queries, "flag",
	              (json_int_t)overview.flag, "sinkhole", (json_int_t)overview.sinkhole, "hours",
	              overview.hours, "countries", ordered(overview.countries), "devices",
	              ordered(overview.devices));
	if (result == PF_OK && !made)
		result = PF_ENOMEM;
	if (result != PF_OK)
		json_decref(made);
	else
		*document = made;
	return result;
}
