/* SPDX-License-Identifier: MIT */
/*
 * Own code, because strftime and strptime follow the locale and accept too much. The three forms of
 * RFC 9110 §5.6.7 are fixed text.
 */
#include "src/http/date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/digits.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

#define YEAR_9999_END 253402300799

void http_date(time_t when, char out[HTTP_DATE_MAX])
{
	when = when < 0 ? 0 : when > YEAR_9999_END ? YEAR_9999_END : when;
	struct tm tm;
	gmtime_r(&when, &tm);
	snprintf(out, HTTP_DATE_MAX, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
		days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon,
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static bool read_digits(const char **at, unsigned count, int *value)
{
	uint64_t number;
	bool found = digits_read(at, count, &number) == count;
	*value = (int)number; /* of four digits at most */
	return found;
}

static bool read_text(const char **at, const char *text)
{
	size_t len = strlen(text);
	if (strncmp(*at, text, len))
		return false;
	*at += len;
	return true;
}

/* Reads one of the words of three letters in the table. */
static bool read_word(const char **at, const char *table, int *index)
{
	for (*index = 0; table[3 * *index]; ++*index) {
		if (!strncmp(*at, table + 3 * *index, 3)) {
			*at += 3;
			return true;
		}
	}
	return false;
}

static bool read_clock(const char **at, struct tm *tm)
{
	return read_digits(at, 2, &tm->tm_hour) && read_text(at, ":") &&
	       read_digits(at, 2, &tm->tm_min) && read_text(at, ":") &&
	       read_digits(at, 2, &tm->tm_sec);
}

/* 06 Nov 1994 08:49:37 GMT */
static bool read_fixdate(const char *at, struct tm *tm)
{
	bool ok = read_digits(&at, 2, &tm->tm_mday) && read_text(&at, " ") &&
		  read_word(&at, months, &tm->tm_mon) && read_text(&at, " ") &&
		  read_digits(&at, 4, &tm->tm_year) && read_text(&at, " ") && read_clock(&at, tm) &&
		  read_text(&at, " GMT");
	return ok && !*at;
}

/* 06-Nov-94 08:49:37 GMT: a year that seems more than 50 years ahead is one of the past century. */
static bool read_rfc850(const char *at, struct tm *tm)
{
	bool ok = read_digits(&at, 2, &tm->tm_mday) && read_text(&at, "-") &&
		  read_word(&at, months, &tm->tm_mon) && read_text(&at, "-") &&
		  read_digits(&at, 2, &tm->tm_year) && read_text(&at, " ") && read_clock(&at, tm) &&
		  read_text(&at, " GMT");
	time_t now = time(NULL);
	struct tm today;
	gmtime_r(&now, &today);
	int year = today.tm_year + 1900;
	tm->tm_year += year - year % 100;
	if (tm->tm_year > year + 50)
		tm->tm_year -= 100;
	return ok && !*at;
}

/* Nov  6 08:49:37 1994 */
static bool read_asctime(const char *at, struct tm *tm)
{
	bool ok = read_word(&at, months, &tm->tm_mon) && read_text(&at, " ");
	bool padded = ok && read_text(&at, " ");
	ok = ok && read_digits(&at, padded ? 1 : 2, &tm->tm_mday) && read_text(&at, " ") &&
	     read_clock(&at, tm) && read_text(&at, " ") && read_digits(&at, 4, &tm->tm_year);
	return ok && !*at;
}

static bool read_date(const char *at, struct tm *tm)
{
	static const char *const rests[] = {
		"day", "day", "sday", "nesday", "rsday", "day", "urday"};
	int day;
	if (!read_word(&at, days, &day))
		return false;
	if (read_text(&at, ", "))
		return read_fixdate(at, tm);
	if (read_text(&at, " "))
		return read_asctime(at, tm);
	return read_text(&at, rests[day]) && read_text(&at, ", ") && read_rfc850(at, tm);
}

time_t http_date_parse(const char *text)
{
	struct tm tm = {0};
	if (!read_date(text, &tm) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	int day = tm.tm_mday, month = tm.tm_mon;
	tm.tm_year -= 1900;
	/* Without the second: a leap second could change the day, which is checked below. */
	int second = tm.tm_sec;
	tm.tm_sec = 0;
	time_t when = timegm(&tm);
	/* timegm turns 30 February into 2 March. */
	return day >= 1 && tm.tm_mday == day && tm.tm_mon == month ? when + second : -1;
}
