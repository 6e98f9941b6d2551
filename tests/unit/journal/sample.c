/* See sample.h. */
#define _GNU_SOURCE
#include "unit/journal/sample.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fill_address(struct record_address *address, unsigned name, unsigned i)
{
	static const char *const countries[] = {"US", "CN", "DE", ""};
	const char *country = countries[(name + i) % 4];
	*address = (struct record_address){
		.address = {.family = 4, .bytes = {198, 51, (uint8_t)(name % 200), (uint8_t)(i + 1)}},
		.standing = !country[0]              ? STANDING_UNKNOWN
	                : !strcmp(country, "US") ? STANDING_HOME
	                                         : STANDING_OVERSEAS,
		.confidence = country[0] ? CONFIDENCE_HIGH : CONFIDENCE_LOW,
		.asn = country[0] ? 64496 + name % 7 : 0,
	};
	if (i == 3)
		address->address =
			(struct addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, (uint8_t)name}};
	strcpy(address->location.code, country);
	strcpy(address->control.code, country[0] ? "US" : "");
	snprintf(address->organisation, sizeof address->organisation,
	         country[0] ? "Größe & Söhne %u" : "", name % 7);
	snprintf(address->evidence, sizeof address->evidence, "dbip 2026-06 %s", country);
}

static void fill_answer(struct sample *sample, unsigned name)
{
	struct record_answer *answer = &sample->answer;
	*answer = (struct record_answer){
		.standing = sample->record.standing,
		.confidence = sample->record.confidence,
		.overseas_count = 1,
		.judged_count = 2,
		.hop_count = (uint16_t)(name % 3),
		.address_count = (uint16_t)(1 + name % SAMPLE_ADDRESSES_MAX),
		.hops = sample->hops,
		.addresses = sample->addresses,
	};
	for (unsigned i = 0; i < answer->hop_count; i++) {
		char text[64];
		snprintf(text, sizeof text, "hop%u.cdn%u.example.net", i, name % 20);
		assert_int_equal(dns_name_from_text(text, &sample->hops[i]), PF_OK);
	}
	for (unsigned i = 0; i < answer->address_count; i++)
		fill_address(&sample->addresses[i], name, i);
}

static void fill_rule(struct sample *sample, unsigned name, const char *text)
{
	struct record *record = &sample->record;
	record->rule = (uint16_t)(1 + name % 2);
	record->action = name % 2 ? ACTION_SINKHOLE : ACTION_FLAG;
	record->rule_name = name % 2 ? "coffee stays home" : "where do cameras call";
	record->rcode = name % 2 ? 3 : 0;
	record->dropped_reply = name % 40 == 5;
	snprintf(sample->reason, sizeof sample->reason, "%s by rule %u \"%s\": %s",
	         name % 2 ? "sinkholed" : "flagged", record->rule, record->rule_name, text);
}

void sample_fill(struct sample *sample, unsigned i, bool content)
{
	unsigned device = i / 7 % SAMPLE_DEVICES;
	/* Names repeat unevenly, as they do. */
	unsigned name = (i * 7919u) % (i % 3 ? 40 : SAMPLE_NAMES);
	memset(sample, 0, sizeof *sample);
	snprintf(sample->device_id, sizeof sample->device_id, "mac:64:bc:0c:80:7e:%02x", device);
	snprintf(sample->device_name, sizeof sample->device_name, "device %u", device);
	char text[64];
	snprintf(text, sizeof text, "host%u.vendor%u.example.%s", name, name % 30,
	         name % 4 ? "com" : "cn");
	assert_int_equal(dns_name_from_text(text, &sample->name), PF_OK);
	sample->record = (struct record){
		.time_wall_us = SAMPLE_TIME_US + i * INT64_C(1500),
		.took_us = 40 + i % 5000,
		.client = {.family = 4, .bytes = {127, 0, 0, (uint8_t)(11 + device)}},
		.device_id = sample->device_id,
		.device_name = sample->device_name,
		.name = &sample->name,
		.type = name % 5 ? 1 : 65,
		.action = ACTION_ALLOW,
		.source = SOURCE_CACHE,
		.rule_name = "",
		.reason = sample->reason,
		.upstream = "127.0.0.1:5300",
		.protocol = name % 5 ? PROTOCOL_UDP : PROTOCOL_HTTPS,
	};
	if (name % 8 == 5 || name % 8 == 6)
		fill_rule(sample, name, text);
	if (name % 10 == 9) { /* decided by its name: no answer */
		sample->record.source = SOURCE_POLICY;
		sample->record.upstream = "";
		return;
	}
	sample->record.standing = name % 2 ? STANDING_OVERSEAS : STANDING_HOME;
	sample->record.confidence = CONFIDENCE_HIGH;
	sample->record.dnssec = name % 2 ? DNSSEC_INSECURE : DNSSEC_SECURE;
	/* As ids are: anything, negative as an int64_t too. */
	sample->record.answer_id = (name + 1) * UINT64_C(0x9e3779b97f4a7c15);
	fill_answer(sample, name);
	if (content)
		sample->record.answer = &sample->answer;
}

void sample_make_folder(char folder[64])
{
	strcpy(folder, "/tmp/portafilter-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

void sample_remove_folder(const char *folder)
{
	DIR *stream = opendir(folder);
	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(stream);
	assert_int_equal(rmdir(folder), 0);
}

void sample_be_nobody(bool nobody)
{
	if (!getuid())
		assert_int_equal(seteuid(nobody ? 65534 : 0), 0);
}
