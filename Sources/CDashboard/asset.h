// One row of the table of assets: the file that ASSET names. A directive cannot come out of a macro, so the row is
// a file that is included once for each asset. The zero at the end lets an empty file be a row too.
{
    &ASSET[sizeof "web"],
    (const unsigned char[]){
#embed ASSET suffix(,)
        0},
    sizeof (const unsigned char[]){
#embed ASSET suffix(,)
        0} - 1,
},
#undef ASSET
