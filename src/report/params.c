/* The parameters of a request, see params.h. */
#define _GNU_SOURCE
#include "report/params.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "value/event.h"
#include "value/facts.h"
#include "value/verdict.h"

const char *params_get(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (!strcmp(params->list[i].name, name))
			return params->list[i].value;
	return NULL;
}

int params_check(const struct params *params, const char *const *allowed, char error[500])
{
	if (params->too_many) {
		snprintf(error, 500, "More than %d parameters.", PARAM_MAX);
		return PF_EINVAL;
	}
	for (size_t i = 0; i < params->count; i++) {
		const char *name = params->list[i].name;
		const char *const *known = allowed;
		while (*known && strcmp(*known, name))
			known++;
		if (!*known) {
			snprintf(error, 500, "There is no parameter \"%.60s\" here.", name);
			return PF_EINVAL;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(params->list[j].name, name))
				continue;
			snprintf(error, 500, "The parameter \"%s\" is given twice.", name);
			return PF_EINVAL;
		}
	}
	return PF_OK;
}

/* "2026-11-23", "2026-11-23T20:26:23Z", with or without a fraction of the second, which is ignored. */
static int parse_time(const char *text, int64_t *wall_us)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	for (size_t i = 0; i < PF_COUNT(formats); i++) {
		struct tm utc = {0};
		const char *rest = strptime(text, formats[i], &utc);
		if (!rest)
			continue;
		int64_t fraction_us = 0;
		if (i == 0 && *rest == '.') {
			int64_t unit_us = 100000;
			for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit_us /= 10)
				fraction_us += (*rest - '0') * unit_us;
		}
		if (*rest && strcmp(rest, "Z"))
			return PF_EINVAL;
		*wall_us = (int64_t)timegm(&utc) * 1000000 + fraction_us;
		return PF_OK;
	}
	return PF_EINVAL;
}

static int read_moment(const struct params *params, const char *name, struct now now,
                       int64_t *wall_us, char error[500])
{
	const char *text = params_get(params, name);
	int64_t back_us;
	if (!text)
		return PF_OK;
	if (clock_parse_duration(text, &back_us) == PF_OK) {
		*wall_us = now.wall_us - back_us;
		return PF_OK;
	}
	if (parse_time(text, wall_us) == PF_OK)
		return PF_OK;
	snprintf(
		error, 500,
		"\"%.60s\" is no time for \"%s\": give a duration back from now (90s, 1h, 30d) or a UTC "
		"time (2026-11-23T20:26:23Z).",
		text, name);
	return PF_EINVAL;
}

static int read_number(const struct params *params, const char *name, int64_t max, int64_t *number,
                       char error[500])
{
	const char *text = params_get(params, name);
	char *end;
	if (!text)
		return PF_OK;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value > max) {
		snprintf(error, 500, "\"%.60s\" is no number from 0 to %lld for \"%s\".", text,
		         (long long)max, name);
		return PF_EINVAL;
	}
	*number = value;
	return PF_OK;
}

/* "123" (a row), or "1764460800000-123": a time in milliseconds, and the row at it. So the API writes where a page begins. */
static int read_before(const struct params *params, struct store_filter *filter, char error[500])
{
	const char *text = params_get(params, "before");
	char *end;
	if (!text)
		return PF_OK;
	errno = 0;
	const char *number = text;
	long long row = strtoll(number, &end, 10), time_ms = 0;
	if (*number >= '0' && *number <= '9' && *end == '-') {
		time_ms = row;
		number = end + 1;
		row = strtoll(number, &end, 10);
	}
	if (*number < '0' || *number > '9' || *end || errno || row < 1 || time_ms > INT64_MAX / 1000) {
		snprintf(error, 500,
		         "\"%.60s\" is no place to go back from: give what an answer had as \"before\".",
		         text);
		return PF_EINVAL;
	}
	filter->before_row = row;
	filter->before_wall_us = time_ms * 1000;
	return PF_OK;
}

static int check_country(const char *code, const char *name, char error[500])
{
	if (!code || (code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && !code[2]))
		return PF_OK;
	snprintf(error, 500,
	         "\"%.60s\" is no country for \"%s\": give two capital letters (ISO 3166), as in US or "
	         "CN.",
	         code, name);
	return PF_EINVAL;
}

/* "37963" or "AS37963". */
static int read_asn(const struct params *params, int64_t *asn, char error[500])
{
	const char *text = params_get(params, "asn");
	char *end = NULL;
	if (!text)
		return PF_OK;
	const char *digits = strncasecmp(text, "AS", 2) ? text : text + 2;
	errno = 0;
	*asn = *digits >= '0' && *digits <= '9' ? strtoll(digits, &end, 10) : 0;
	if (*asn > 0 && *asn <= UINT32_MAX && !errno && !*end)
		return PF_OK;
	snprintf(error, 500, "\"%.60s\" is no network: give its number, as in 37963 or AS37963.", text);
	return PF_EINVAL;
}

int params_filter(const struct params *params, struct now now, struct store_filter *filter,
                  char error[500])
{
	*filter = (struct store_filter){
		.device = params_get(params, "device"),
		.name = params_get(params, "name"),
		.domain = params_get(params, "domain"),
		.country = params_get(params, "country"),
		.location = params_get(params, "location"),
		.control = params_get(params, "control"),
		.rule = params_get(params, "rule"),
		.action = params_get(params, "action"),
		.standing = params_get(params, "standing"),
		.type = params_get(params, "type"),
		.kind = params_get(params, "kind"),
		.limit = PARAM_LIMIT_DEFAULT,
	};
	if (filter->action && action_parse(filter->action) < 0) {
		snprintf(error, 500, "\"%.60s\" is no action: allow, flag or sinkhole.", filter->action);
		return PF_EINVAL;
	}
	if (filter->standing && standing_parse(filter->standing) < 0) {
		snprintf(error, 500,
		         "\"%.60s\" is no standing: home, overseas, disputed, indeterminate or unknown.",
		         filter->standing);
		return PF_EINVAL;
	}
	int kind = filter->kind ? event_parse(filter->kind) : EVENT_NEW_COUNTRY;
	if (kind != EVENT_NEW_COUNTRY && kind != EVENT_STANDING_CHANGED) {
		snprintf(error, 500, "\"%.60s\" is no kind of event that the journal keeps: %s or %s.",
		         filter->kind, event_word(EVENT_STANDING_CHANGED), event_word(EVENT_NEW_COUNTRY));
		return PF_EINVAL;
	}
	const char *fresh = params_get(params, "new");
	filter->fresh = fresh != NULL;
	if (fresh && strcmp(fresh, "1")) {
		snprintf(error, 500, "\"new\" takes 1.");
		return PF_EINVAL;
	}
	if (check_country(filter->country, "country", error) != PF_OK ||
	    check_country(filter->location, "location", error) != PF_OK ||
	    check_country(filter->control, "control", error) != PF_OK ||
	    read_asn(params, &filter->asn, error) != PF_OK)
		return PF_EINVAL;
	if (fresh && !params_get(params, "since")) {
		snprintf(error, 500, "\"new\" needs a \"since\": new since when?");
		return PF_EINVAL;
	}
	if (read_moment(params, "since", now, &filter->since_wall_us, error) != PF_OK ||
	    read_moment(params, "until", now, &filter->until_wall_us, error) != PF_OK ||
	    read_number(params, "after", INT64_MAX, &filter->after_row, error) != PF_OK ||
	    read_before(params, filter, error) != PF_OK ||
	    read_number(params, "limit", PARAM_LIMIT_MAX, &filter->limit, error) != PF_OK)
		return PF_EINVAL;
	return PF_OK;
}
