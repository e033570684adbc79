/* Languages as recognisers and file names call them. */
#include "asr_int.h"

/* The names of Whisper's languages in English (OpenAI's verbose_json has these
 * in place of codes), and the three-letter codes that media players use. */
static const struct {
    const char *name, *code;
} names[] = {
    {"afrikaans", "af"},
    {"albanian", "sq"},
    {"amharic", "am"},
    {"arabic", "ar"},
    {"armenian", "hy"},
    {"assamese", "as"},
    {"azerbaijani", "az"},
    {"bashkir", "ba"},
    {"basque", "eu"},
    {"belarusian", "be"},
    {"bengali", "bn"},
    {"bokmal", "nb"},
    {"bosnian", "bs"},
    {"breton", "br"},
    {"bulgarian", "bg"},
    {"burmese", "my"},
    {"cantonese", "yue"},
    {"castilian", "es"},
    {"catalan", "ca"},
    {"chinese", "zh"},
    {"croatian", "hr"},
    {"czech", "cs"},
    {"danish", "da"},
    {"dutch", "nl"},
    {"english", "en"},
    {"estonian", "et"},
    {"faroese", "fo"},
    {"finnish", "fi"},
    {"flemish", "nl"},
    {"french", "fr"},
    {"galician", "gl"},
    {"georgian", "ka"},
    {"german", "de"},
    {"greek", "el"},
    {"gujarati", "gu"},
    {"haitian", "ht"},
    {"haitian creole", "ht"},
    {"hausa", "ha"},
    {"hawaiian", "haw"},
    {"hebrew", "he"},
    {"hindi", "hi"},
    {"hungarian", "hu"},
    {"icelandic", "is"},
    {"indonesian", "id"},
    {"italian", "it"},
    {"japanese", "ja"},
    {"javanese", "jw"},
    {"kannada", "kn"},
    {"kazakh", "kk"},
    {"khmer", "km"},
    {"korean", "ko"},
    {"lao", "lo"},
    {"latin", "la"},
    {"latvian", "lv"},
    {"letzeburgesch", "lb"},
    {"lingala", "ln"},
    {"lithuanian", "lt"},
    {"luxembourgish", "lb"},
    {"macedonian", "mk"},
    {"malagasy", "mg"},
    {"malay", "ms"},
    {"malayalam", "ml"},
    {"maltese", "mt"},
    {"mandarin", "zh"},
    {"maori", "mi"},
    {"marathi", "mr"},
    {"moldavian", "ro"},
    {"moldovan", "ro"},
    {"mongolian", "mn"},
    {"myanmar", "my"},
    {"nepali", "ne"},
    {"norwegian", "no"},
    {"nynorsk", "nn"},
    {"occitan", "oc"},
    {"panjabi", "pa"},
    {"pashto", "ps"},
    {"persian", "fa"},
    {"polish", "pl"},
    {"portuguese", "pt"},
    {"punjabi", "pa"},
    {"pushto", "ps"},
    {"romanian", "ro"},
    {"russian", "ru"},
    {"sanskrit", "sa"},
    {"serbian", "sr"},
    {"shona", "sn"},
    {"sindhi", "sd"},
    {"sinhala", "si"},
    {"sinhalese", "si"},
    {"slovak", "sk"},
    {"slovenian", "sl"},
    {"somali", "so"},
    {"spanish", "es"},
    {"sundanese", "su"},
    {"swahili", "sw"},
    {"swedish", "sv"},
    {"tagalog", "tl"},
    {"tajik", "tg"},
    {"tamil", "ta"},
    {"tatar", "tt"},
    {"telugu", "te"},
    {"thai", "th"},
    {"tibetan", "bo"},
    {"turkish", "tr"},
    {"turkmen", "tk"},
    {"ukrainian", "uk"},
    {"urdu", "ur"},
    {"uzbek", "uz"},
    {"valencian", "ca"},
    {"vietnamese", "vi"},
    {"welsh", "cy"},
    {"yiddish", "yi"},
    {"yoruba", "yo"},
    {"ara", "ar"},
    {"ces", "cs"},
    {"chi", "zh"},
    {"cze", "cs"},
    {"deu", "de"},
    {"dut", "nl"},
    {"eng", "en"},
    {"fra", "fr"},
    {"fre", "fr"},
    {"ger", "de"},
    {"hin", "hi"},
    {"ita", "it"},
    {"jpn", "ja"},
    {"kor", "ko"},
    {"nld", "nl"},
    {"pol", "pl"},
    {"por", "pt"},
    {"rus", "ru"},
    {"spa", "es"},
    {"swe", "sv"},
    {"tur", "tr"},
    {"ukr", "uk"},
    {"vie", "vi"},
    {"zho", "zh"},
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lowered(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* A BCP 47 tag as file names have it: two or three letters, then parts of two
 * to eight letters or digits. */
static bool is_tag(struct str name)
{
    size_t i = 0, part = 0;

    while (i < name.n && is_letter(name.p[i]))
        i++;
    if (i < 2 || i > 3)
        return false;
    for (; i < name.n; i++) {
        if (name.p[i] == '-' || name.p[i] == '_') {
            if (i + 1 == name.n || (part > 0 && part < 2))
                return false;
            part = 0;
        } else {
            if (!is_letter(name.p[i]) &&
                !(name.p[i] >= '0' && name.p[i] <= '9'))
                return false;
            if (++part > 8)
                return false;
        }
    }
    return part != 1;
}

struct str asr_language(struct arena *a, struct str name)
{
    enum { LONGEST = 35 };
    char *code;
    size_t head = 0;

    name = str_trim(name);
    if (name.n == 0 || name.n > LONGEST)
        return STR("");
    code = arena_strndup(a, name.p, name.n);
    for (size_t i = 0; i < name.n; i++)
        code[i] = lowered(name.p[i]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is((struct str){code, name.n}, names[i].name))
            return str_of(names[i].code);
    if (!is_tag(name))
        return STR("");
    while (head < name.n && is_letter(name.p[head]))
        head++;
    for (size_t i = head; i < name.n; i++)
        code[i] = name.p[i] == '_' ? '-' : name.p[i];
    return (struct str){code, name.n};
}

struct str asr_language_label(struct arena *a, struct str label)
{
    struct str code = asr_language(a, label), head = code;

    head.n = 0;
    while (head.n < code.n && is_letter(code.p[head.n]))
        head.n++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(head, names[i].code))
            return code;
    return STR("");
}
