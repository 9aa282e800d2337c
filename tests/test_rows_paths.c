#include "tests/rows_examples.h"

static const struct example path_examples[] = {
    {"an index", "$[1]", NULL, "[{\"a\":1},[{\"b\":2},{\"b\":3}]]", "b", "b=2\nb=3\n", {0}},
    {"an index after the end", "$.a[2]", NULL, "{\"a\":[1,2]}", "", "", {.bodies_without_rows = 1}},
    {"an index of an object",
     "$.a[0]",
     NULL,
     "{\"a\":{\"0\":1}}",
     "",
     "",
     {.bodies_without_rows = 1}},
    {"all elements",
     "$.f[*].p",
     NULL,
     "{\"f\":[{\"p\":{\"a\":1},\"q\":2},{\"p\":[{\"a\":2},{\"a\":3}]},{\"q\":4},5]}",
     "a",
     "a=1\na=2\na=3\n",
     {0}},
    {"a quoted name",
     "$['odd name'][\"a.b\"]",
     NULL,
     "{\"odd name\":{\"a.b\":{\"x\":1}}}",
     "x",
     "x=1\n",
     {0}},
    {"a name lower down is another",
     "$.a",
     NULL,
     "{\"b\":{\"a\":{\"x\":1}},\"c\":[{\"a\":2}]}",
     "",
     "",
     {.bodies_without_rows = 1}},
    {"members, and their names",
     "$.v.*",
     NULL,
     "{\"v\":{\"7\":{\"x\":1},\"9\":{\"x\":2}}}",
     "key,x",
     "key='7' x=1\nkey='9' x=2\n",
     {0}},
    {"members that are arrays",
     "$.*",
     NULL,
     "{\"a\":[{\"x\":1},{\"x\":2}],\"b\":[]}",
     "key,x",
     "key='a' x=1\nkey='a' x=2\n",
     {0}},
    {"members that are scalars",
     "$.*",
     NULL,
     "{\"a\":1,\"b\":null}",
     "key,value",
     "key='a' value=1\nkey='b' value=\n",
     {0}},
    {"the last of several",
     "$.*.*",
     NULL,
     "{\"a\":{\"b\":{\"x\":1}},\"c\":{\"d\":{\"x\":2}}}",
     "key,x",
     "key='b' x=1\nkey='d' x=2\n",
     {0}},
    {"a name above the match",
     "$.*.list",
     NULL,
     "{\"a\":{\"n\":0,\"list\":[{\"x\":1}]},\"b\":{\"list\":{\"x\":2}}}",
     "key,x",
     "key='a' x=1\nkey='b' x=2\n",
     {0}},
    {"elements in the place of members",
     "$.v.*",
     NULL,
     "{\"v\":[{\"x\":1},{\"x\":2}]}",
     "key,x",
     "key='0' x=1\nkey='1' x=2\n",
     {0}},
    {"a payload with a member `key`",
     "$.*",
     NULL,
     "{\"a\":{\"x\":1,\"key\":2,\"n\":{\"key\":3}}}",
     "key,x,payload.key,n.key",
     "key='a' x=1 payload.key=2 n.key=3\n",
     {0}},
    {"an empty name", "$.*", NULL, "{\"\":{\"x\":1}}", "key,x", "key='' x=1\n", {0}},
    {"a name with escapes",
     "$.*",
     NULL,
     "{\"\\u0041\\n\":{\"x\":\"\\u0042\"}}",
     "key,x",
     "key='A\n' x='B'\n",
     {0}},
};

static void paths_take_their_whole_syntax(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_JSON, path_examples);
}

static const struct example name_examples[] = {
    {"these, in this order",
     "$",
     "[\"c\",\"a.b\",\"none\"]",
     "[{\"a\":{\"b\":1,\"x\":2},\"c\":[1],\"d\":[2]},{\"d\":1}]",
     "c,a.b,none",
     "a.b=1 c=j[1]\n\n",
     {0}},
    {"the name of a member",
     "$.*",
     "[\"x\",\"key\"]",
     "{\"a\":{\"x\":1,\"key\":2}}",
     "x,key",
     "key='a' x=1\n",
     {0}},
    {"a member called key",
     "$.*",
     "[\"payload.key\"]",
     "{\"a\":{\"x\":1,\"key\":2}}",
     "payload.key",
     "payload.key=2\n",
     {0}},
    {"what is not chosen is not counted",
     "$",
     "[\"a\"]",
     "[{\"b\":1,\"b\":[\"\xFF\"],\"a\":3}]",
     "a",
     "a=3\n",
     {0}},
};

static void columns_choose_names(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_JSON, name_examples);
}

static const struct example pick_examples[] = {
    {"from the row and from the document, before and after the rows",
     "$.f",
     "{\"id\":\"@.id\",\"at\":\"$.meta.time\",\"n\":\"$.count\",\"lon\":\"@.geo.c[0]\"}",
     "{\"meta\":{\"time\":7},\"f\":[{\"id\":\"a\",\"geo\":{\"c\":[1.50,2]}},{\"id\":\"b\"}],"
     "\"count\":\"2\"}",
     "id,at,n,lon",
     "id='a' at=7 n='2' lon=1.50\nid='b' at=7 n='2'\n",
     {0}},
    {"containers, null and nothing",
     "$",
     "{\"o\":\"@.o\",\"l\":\"@.l\",\"z\":\"@.z\",\"no\":\"@.no\"}",
     "[{\"o\":{\"a\": 1 , \"b\":[ ]},\"l\":[ \"x\" , {}],\"z\":null}]",
     "o,l,z,no",
     "o=j{\"a\":1,\"b\":[]} l=j[\"x\",{}] z=\n",
     {0}},
    {"the row itself",
     "$",
     "{\"r\":\"@\"}",
     "[{\"a\":1},[2],\"s\",null]",
     "r",
     "r=j{\"a\":1}\nr=j[2]\nr='s'\nr=\n",
     {0}},
    {"wildcards",
     "$",
     "{\"t\":\"@.t[*].n\",\"m\":\"@.m.*\"}",
     "[{\"t\":[{\"n\":\"x\"},{\"n\":2},{},{\"n\":[3]}],\"m\":{\"a\":null,\"b\":{\"c\":\"d\"}}},"
     "{\"t\":[{\"n\":\"one\"}],\"m\":{\"a\":[1]}},{\"t\":[],\"m\":5}]",
     "t,m",
     "t=j[\"x\",2,[3]] m=j[null,{\"c\":\"d\"}]\nt='one' m=j[1]\n\n",
     {0}},
    {"elements of arrays in the array",
     "$.s",
     "{\"call\":\"@[1]\",\"lon\":\"@[5]\"}",
     "{\"s\":[[\"a\",\"AB1 \",0,0,0,1.25],[\"b\"]]}",
     "call,lon",
     "call='AB1 ' lon=1.25\n\n",
     {0}},
    {"a key that stands twice",
     "$",
     "{\"a\":\"@.a\",\"l\":\"@.l\"}",
     "[{\"a\":1,\"a\":\"2\",\"l\":[1],\"l\":[2]}]",
     "a,l",
     "a='2' l=j[2]\n",
     {.duplicate_cells = 2}},
    {"a member's name stays in front",
     "$.*",
     "{\"x\":\"@.y\"}",
     "{\"a\":{\"y\":1}}",
     "key,x",
     "key='a' x=1\n",
     {0}},
    {"unless a column has its name",
     "$.*",
     "{\"key\":\"@.y\"}",
     "{\"a\":{\"y\":1}}",
     "key",
     "key=1\n",
     {0}},
    {"a document that is its row",
     "$",
     "{\"a\":\"$.x\",\"b\":\"@.x\"}",
     "{\"x\":\"\\u0041\"}",
     "a,b",
     "a='A' b='A'\n",
     {0}},
    {"not UTF-8",
     "$",
     "{\"a\":\"@.a\",\"b\":\"@.b\",\"c\":\"@.b[*]\",\"d\":\"$[0].b\"}",
     "[{\"a\":\"\xFF\",\"b\":[\"\xFF\"]}]",
     "a,b,c,d",
     "a='\xFF' b=j[\"\xEF\xBF\xBD\"] c='\xFF' d=j[\"\xEF\xBF\xBD\"]\n",
     {.replaced_bytes = 2}},
};

static void columns_are_paths(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_JSON, pick_examples);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        enum feed_format format;
        const char *path, *columns, *text;
    } mistakes[] = {
        {FORMAT_AUTO, NULL, NULL, "format \"auto\" has no rows"},
        {FORMAT_JSON, "$.a[", NULL, "rows \"$.a[\": column "},
        {FORMAT_JSON, "@.a", NULL, "rows \"@.a\": column 1: expected \"$\""},
        {FORMAT_JSON, "$", "[\"a\"", "columns: column "},
        {FORMAT_JSON, "$", "5", "columns: expected a list"},
        {FORMAT_JSON, "$", "[]", "columns: expected a list"},
        {FORMAT_JSON, "$", "{}", "columns: expected a list"},
        {FORMAT_JSON, "$", "[1]", "columns: item 1 is not a name"},
        {FORMAT_JSON, "$", "[\"a\\u0000\"]", "columns: item 1 is not a name"},
        {FORMAT_JSON, "$", "[\"a\",\"b\",\"a\"]", "column \"a\" is named twice"},
        {FORMAT_JSON, "$", "{\"a\":5}", "column \"a\": expected a path"},
        {FORMAT_JSON, "$", "{\"a\":\"@.x\",\"b\":\"@..\"}", "column \"b\": path \"@..\": column "},
        {FORMAT_JSON, "$", "{\"a\":\"@.x\",\"a\":\"@.y\"}", "column \"a\" is named twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct err err = {.kind = ERR_NONE};

        assert_null(rows_new(mistakes[i].format, mistakes[i].path, mistakes[i].columns, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        if (strncmp(err.text, mistakes[i].text, strlen(mistakes[i].text)) != 0)
            fail_msg("%zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_take_their_whole_syntax),
        cmocka_unit_test(columns_choose_names),
        cmocka_unit_test(columns_are_paths),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
