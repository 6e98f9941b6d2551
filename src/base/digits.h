/* Numbers for people. */
#ifndef PF_BASE_DIGITS_H
#define PF_BASE_DIGITS_H

#include <stdint.h>

#define DIGITS_TEXT_MAX 32 /* "-9,223,372,036,854,775,808" and NUL */

/* "1,234,567" */
void digits_format(int64_t number, char text[DIGITS_TEXT_MAX]);

#endif
