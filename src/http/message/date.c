/* date.c - dates of header fields: written, and read in the forms that there have been. Nothing
 * here asks the locale or the time zone. */
#include "http/message/encode.h"

#include "http/message/token.h"

enum { DAY = 86400 };

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekday_names[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};

struct date {
    int year, month, day; /* month: 0 to 11 */
    int hour, minute, second;
};

/* ---- the calendar ---- */

/* Days from 1 March of the year 0 to this month's first. Years begin in March, so that leap days
 * end them. */
static int64_t days_to_month(int year, int month)
{
    int64_t y = month < 2 ? year - 1 : year, m = (month + 10) % 12;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5;
}

/* Days from 1 January 1970. */
static int64_t days_of_date(int year, int month, int day)
{
    return days_to_month(year, month) + day - 1 - days_to_month(1970, 0);
}

static int days_in_month(int year, int month)
{
    return (int)(days_of_date(year + month / 11, (month + 1) % 12, 1) -
                 days_of_date(year, month, 1));
}

/* The year and the month that a day after 1 January 1970 lies in. */
static void date_of_days(int64_t days, struct date *date)
{
    date->year = (int)((days + days_to_month(1970, 0)) * 400 / 146097);
    while (days_of_date(date->year + 1, 0, 1) <= days)
        date->year++;
    date->month = 11;
    while (days_of_date(date->year, date->month, 1) > days)
        date->month--;
    date->day = (int)(days - days_of_date(date->year, date->month, 1)) + 1;
}

/* ---- writing ---- */

static void write_digits(char *to, int width, int number)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void eddy__date_format(char text[EDDY__DATE_SIZE], time_t when)
{
    int64_t first = days_of_date(1, 0, 1) * DAY, last = days_of_date(10000, 0, 1) * DAY - 1;
    int64_t time = when < first ? first : when > last ? last : when;
    int second = (int)(((time % DAY) + DAY) % DAY);
    int64_t days = (time - second) / DAY;
    struct date date;

    date_of_days(days, &date);
    memcpy(text, "Sun, 06 Nov 1994 08:49:37 GMT", EDDY__DATE_SIZE);
    memcpy(text, weekday_names[((days + 4) % 7 + 7) % 7], 3);
    write_digits(text + 5, 2, date.day);
    memcpy(text + 8, month_names[date.month], 3);
    write_digits(text + 12, 4, date.year);
    write_digits(text + 17, 2, second / 3600);
    write_digits(text + 20, 2, second / 60 % 60);
    write_digits(text + 23, 2, second % 60);
}

/* ---- reading ---- */

/* The next word, up to a blank, a comma or a dash: its length, 0 at the end of the text. */
static size_t next_word(const char **text)
{
    *text += strspn(*text, " ,-");
    return strcspn(*text, " ,-");
}

static bool take_number(const char **text, size_t least, size_t most, int *number)
{
    size_t length = next_word(text);
    int64_t n = length >= least && length <= most ? eddy__parse_number(*text, length) : -1;

    *text += length;
    *number = (int)n;
    return n >= 0;
}

static bool take_month(const char **text, int *month)
{
    size_t length = next_word(text);

    *month = 0;
    while (*month < 12 && !(length == 3 && eddy__same_words(*text, month_names[*month], 3)))
        ++*month;
    *text += length;
    return *month < 12;
}

/* "08:49:37" */
static bool take_time(const char **text, struct date *date)
{
    int *parts[] = {&date->hour, &date->minute, &date->second};

    if (next_word(text) != 8)
        return false;
    for (int i = 0; i < 3; i++, *text += 3) {
        *parts[i] = (int)eddy__parse_number(*text, 2);
        if (*parts[i] < 0 || (i < 2 && (*text)[2] != ':'))
            return false;
    }
    --*text; /* the last has no colon behind it */
    return date->hour < 24 && date->minute < 60 && date->second <= 60;
}

static bool take_year(const char **text, size_t least, int *year)
{
    const char *before = *text;

    if (!take_number(text, least, 4, year))
        return false;
    before += strspn(before, " ,-");
    if (*text - before == 2)
        *year += *year < 70 ? 2000 : 1900;
    return *text - before != 3 && *year > 0;
}

/* Steps over "Sun" or "Sunday". */
static void skip_weekday(const char **text)
{
    size_t length = next_word(text);

    for (int i = 0; i < 7; i++)
        if ((length == 3 || length == strlen(weekday_names[i])) &&
            eddy__same_words(*text, weekday_names[i], length)) {
            *text += length;
            return;
        }
}

/* "06 Nov 1994 08:49:37 GMT", or with dashes; "Nov  6 08:49:37 1994" */
static bool take_date(const char **text, struct date *date)
{
    skip_weekday(text);
    next_word(text);
    if (!eddy__char_is(**text, EDDY__CHAR_DIGIT))
        return take_month(text, &date->month) && take_number(text, 1, 2, &date->day) &&
               take_time(text, date) && take_year(text, 4, &date->year);
    return take_number(text, 1, 2, &date->day) && take_month(text, &date->month) &&
           take_year(text, 2, &date->year) && take_time(text, date);
}

time_t eddy__date_parse(const char *text)
{
    struct date date;

    if (!take_date(&text, &date) || date.day < 1 || date.day > days_in_month(date.year, date.month))
        return -1;
    size_t length = next_word(&text);
    if (length &&
        !(length == 3 && (eddy__same_words(text, "GMT", 3) || eddy__same_words(text, "UTC", 3))))
        return -1;
    text += length;
    if (next_word(&text))
        return -1;
    return (time_t)(days_of_date(date.year, date.month, date.day) * DAY + date.hour * 3600 +
                    date.minute * 60 + date.second);
}
