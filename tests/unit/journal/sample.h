/* Records for the journal's tests: six devices that ask for names with answers, the same for the same
 * number, so that a test can say what must stand in the journal. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/journal.h"

#define SAMPLE_DEVICES 6
#define SAMPLE_NAMES 200
#define SAMPLE_TIME_US INT64_C(1790000000123456) /* 2026-09-21T14:13:20.123Z */
#define SAMPLE_ADDRESSES_MAX 5

/* A record with all that it points to. */
struct sample {
	struct record record;
	struct dns_name name;
	struct record_answer answer;
	struct dns_name hops[2];
	struct record_address addresses[SAMPLE_ADDRESSES_MAX];
	char device_id[DEVICE_ID_MAX], device_name[DEVICE_NAME_MAX];
	char reason[256];
};

/* Number `i`: the device, the name, whether it has an answer and a rule all follow from it. With content when
 * `content`. Time grows by 1.5 ms with each. */
void sample_fill(struct sample *sample, unsigned i, bool content);

/* A folder that is empty, removed by sample_remove_folder with all that is in it. */
void sample_make_folder(char folder[64]);
void sample_remove_folder(const char *folder);

/* Root may do anything: permissions are tested as nobody, and then as root again. Does nothing for others. */
void sample_be_nobody(bool nobody);

#endif
