//! RSA signatures, base64url. The private key of RFC 7515 appendix A.2 made those that name no size,
//! over `keybound`; the keys of other sizes were made for this file and thrown away.

/// The modulus of RFC 7515 appendix A.2.
pub(crate) const A2_N: &str = "\
    ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt\
    0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
    ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5\
    IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

/// The signing input of RFC 7515 appendix A.2.
pub(crate) const A2_MESSAGE: &str = "\
    eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGx\
    lLmNvbS9pc19yb290Ijp0cnVlfQ";

/// The signature of RFC 7515 appendix A.2.
pub(crate) const A2_SIGNATURE: &str = "\
    cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W\
    2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS\
    jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv\
    Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// PS256 with another salt than one of 32 octets.
pub(crate) const PS256_SALT_0: &str = "\
    oYHPYVnREUBUd07uA_jt9DbL-KMullNX4hgk5IfWiMjDRx2OgC2HEWe_vGPORtVPrWIKk5h5AwIA5ErPlcqIgBSI\
    Ruko5yA_7RTARQXAa5FqbubSKeDybrlsKNOgILhMu7ExsfWMczNbq9o4UaCmGq90SplNwXOUCMkyKG-kna5F36c6\
    nJD1f1LiILeh8hLpncO5O6OX0PRgrGiE4DZHjOk8Bj5cMxnQY8eqhUVprIuCzI794PricgdYTLhGg10QzFyk23a_\
    JIqqwnQWgNeLMHTOJ4kBfmZ26dSYLbTFEw1FXDjQg7IUmg2cJRsrComi4-5IWOLOH1JZgmX3amApKg";

/// One octet of salt too few.
pub(crate) const PS256_SALT_31: &str = "\
    Wmfguoi-m69Y47hAS7QfKaG6dlsBWB4LlHjSp3rDYtIGWNDqSuPKmp7MH64i8qyqhEv_2E3RkBgZGaUOCaVNxkm7\
    KM4YLj899D7_SOQyZiPQeofwUXjaXUJEldtl3b0Eu0EY9scd7aWTwmpQSNim0j-RSfZxN3Rv7XieOsZr7wpeBaoa\
    BVRpKxCs8i7o68_9IgwRRAs-d_mMLHjmEDpC9chnHgR-0nwMEmjPhXu-9tGbHJBGaP9aZSv7i61k783AFDjsIsg1\
    0f7Ki3u29V_GzxjaoGF-IOKCoO2neBlAwqtICIavFqWgBG8oVD23sM2-j1YTM1rY-WD5mYd--460XA";

/// The salt of RFC 7518 section 3.5.
pub(crate) const PS256_SALT_32: &str = "\
    gPGy-R3m8m2y2W5D6Kd1FqzBm40vvjZ3dbO7uGI7pDGgTHTwXBVKt2sGW_miFVCKd1LdQmKK_7jdcqmVQBzM_6ra\
    zWPpgjwpPXtJMbwJWskQ1brrxgs3kPvMO7jZCq4EgXMDte6Y0eaDqFWW5iOh0BvXQ3cOMqOOuKcCZZkzDZaPBGwX\
    zr-b09YnoGlaMiflzf7wP0VSjzTIjDeXQWOVA2M8zTiz469nLcSb73Whp5nWFjh4cFN_5kRcIzuk48fcPphSYAcO\
    13bzmME_XHTMR6F2iBFCVEgU0em9PKUJ8_1d4cVLscuyYJljIunvPS32C572NrX78xixwVSRn9V0MQ";

/// One octet of salt too many.
pub(crate) const PS256_SALT_33: &str = "\
    VtE5F5F9YbmsoCpwd-nEze6REpM11GwOBMWDzsxspX5uYsE-DL2TgQFq7YNzessSeUAbhTbqGRkJaTi6Iw0Un19V\
    qvtmt4ZWCxoNNViPOZqdEJoCxC7yN5wY_9pM83f0upXhchvLJoSpzqkJHGCWXU7uhyhBIbmgqCxLjm322QFl7_ng\
    sZ53F2NzXeYxODUhAt73qeox1yGRkacI4tQCN7W_CHBIvav-q1_bm_adgTmHOEkbz7gFvPzakiv7uTTP3xpQRXkl\
    AznIhAxrlmSuCxw6fasDdTCGXENwAskaGif6Q-rbSuESLNKz53H3snITBtxfaPQIfafCxrSkL8-8bA";

/// The longest salt that fits.
pub(crate) const PS256_SALT_MAX: &str = "\
    Os2Qxo4et0-U_03Tm-a5F1CWDhOjpoVTmOj7RbHTMd7HdVODdQZduDXS8dqeplCA16VQtH5VOqvYiOknW8yDafvJ\
    f4VbqH6ce-6zU85DOZmQVKs46CrMoH_4BFWRGP7tdI-xPjV_EP1WEA1EDhKmfvD6xOLNgeWiU28IB05owyjpr8Hi\
    wdQ5FHoPR6fsR1rC-7Rbjf2u8aNdNq5mcWlYz_H7I0HDYYqdQsoYNbhhFxQFDcvnWOR4snNNxxrPzqjlPx7fcNrC\
    oaegGp3Lt-A3xuP0EFgMBXJ6SRdHomvC5f1qKDCpZEdUTTzvu90y-3Y-YgcpvzDIsUwk2XSqEDN_2g";

/// PS256, but MGF1 uses SHA-1.
pub(crate) const PS256_MGF1_SHA1: &str = "\
    epvIRSYyI7V5OOghsdwLJGx5UWe3aTZs1UFNfCKNs3PD7WNmlG2Jc-sHAVCQctQtWOLOMx3TRZYTy_td4JhDliuA\
    WyR2a6v4_hpjXLlMPnfG8qKmGD6bWlH8bC532dzvmwhEm0MqlRGtW22R61MAOajDatgbsMQRih5DAXGa0kMJ1ge4\
    8E55BAAROxXMxQnP33eDWXFJNpCyHAIU0I4HhrXsl_hmv40myyG1kKX37uQgedv3dVUXKJGjLGQGEhN5aYMg283e\
    bzBR1HQ2t4rR7m2GQXz0uUe71ny6PtK2y2_jj1yGRtZ5JmDXCApC_bMX6FBC9Y3pWaFrR1yMldnIEA";

/// RSASSA-PSS with SHA-384.
pub(crate) const PS384: &str = "\
    kKi4Ym0djK85C5_SV_jQ47emAQQCZtNw9nL2wz_T8W5pGGuYPkDVKX-00B8diNdo-PuQgyFCN2UGmHMv71zQmQRp\
    Cw8CY9L-RtIiszmRMOwDP819UUbJduSd5KB4cGkdpUMgGKs8aq6DaodIMqe_dHcNxFI40dKxQbtjZC0oTUU3PNqU\
    AYa30lzuddIKxRp-TJ3fApPVSX8wMQiRLwcLd3Tft7WeUKQVdRcbm2F9soHTkeGVW3TnmgH9qFAtJO4wrxvxPvFy\
    Qxx7gUJeP_cxVKl7AnIKVfU4d9qXdyhX-yMrX0e-qFIaFBgyfeTCwNUrgLDs79Gf7vucP3gdauonUw";

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(crate) const RS256: &str = "\
    gX9ZxBguQ680trwhmN5EtHFJcsuZZXALYrGT0COPk7nbTDcni-AtlTFD5ArLA3vfMjrDLSnEPa7Bc_XmTAyhp4QP\
    UEssq7ltlSh4yjMe7AqovtaC8pHMg9dXojjaNltkXcGOeYljj96AVwWydnYe8irqjrDTs9nc0MEvGUwxEekZ8wqP\
    KfBTqZraPVwOyeT7AtOQ2zyHaoTK1ahbbIpM3qjAAtt8EKJRL7OJ_vvTeB7a2yiUSOYZblSRR9gcOuZrVYyvKMrx\
    uSUljNF9XvGY7MKv43CWxGuiT507uvQ3GzmYvNobTSbQIOEAulKHmouJLvKv7NlJWSCbD81kt1qJgw";

/// RSASSA-PKCS1-v1_5 with SHA-1 (JWS-10.6-1).
pub(crate) const RS1: &str = "\
    Ev2uUXcg0nirYWWvd_qmcWlv-NIQwZZn4QhCny0VxqKBk9rc8ISjmPPT_hZ1kQ3MVikDb7lxhroim1xNK4Q11prM\
    XTSw8qjdu6uAXyX-_Fm4opvqQKtB-2C_Yk46xs1VFLk_KwYuqckN9Cgtenfuevpg9-Ri6XjDwTz8gsEcV0v6CpH_\
    mNNr1i2nhxuA0dX596IFOlRHc_WB6T3hxanAfHq-QP0_jGCKR6IJmQdW4-zl3SJaSbvohupdRgByxwAF9JNJ-iBE\
    MMYViCe8REqk0paFUxo7BN3w9yQseq83gA4Vk2iCgYWyaNb1ZpNU-nnfA0iBhK5hySGLo63Q6YexPg";

/// RSASSA-PKCS1-v1_5 with SHA-384 (JWS-10.6-1).
pub(crate) const RS384: &str = "\
    Yid4e6du6WebpQfHs7xUhCbTeAHn5KsBqRIFimqUVuqlA7pQITD_Y9NaM-OmLNtAoQtZOAJY2ypTLmxKK8SF999S\
    kqgywiSxg3OTw6mFMWcjQJE-DWwai5DJYPRVULKSzNHweTAb1V_AcEPZISfKfFNByKS56bikuPQeKjzy1UxOPjF7\
    JDhWCUG6OPQV-OQTeYfsbevhfkWUd4cQ3vzlZAIAcXvi4i8_AIEtpBXAadO6iVc621CUuD-O0HXPKFFvTRzWI0cO\
    arlK6rRBv0fjyeXilpQ9jTed6hTxclTgt3kgWR5b-rHXkUREAC23O2txsvO07QyOVyDC-U79vd9FVA";

/// DigestInfo without its NULL parameters.
pub(crate) const RS256_WITHOUT_NULL: &str = "\
    GYGDG9ytoXZirz31hCTzUwshrNeTLLzK_3WPm0HYNzQkYOQv32tR4tQKzv-mYcQ0Fy5sNyQd4SqjOhKrG-F2AbUS\
    XXpEgXhlkQ8LinedTkOUxAlVj0XYV8DUfz1ABmrQMv-kqLR-vOdG3x_1d3C4xx4S26miVoES2mzxdIojDau3OcRk\
    rp0ClYI72hxYlcneXsB9LhU06uxha0rq0AY_h1jk-cOosJCeXXQAvmRDYP9JC-HbfwkLhcXQ7qLDPuUSI2eyy3J6\
    mkuwzWpOG1-CTMn4Yxp2HSMs8DDxO1luDRlJMEwDKxHlB68kUBG6ZpLamZnr8yGnRjRgz42-ezj-1w";

/// Short padding, and octets behind the hash (CVE-2006-4339).
pub(crate) const RS256_GARBAGE_BEHIND: &str = "\
    X8uSdVeLGqMhWcyz5T05yaHrUoU2WrGgre6P0MTFpHP6mnjGeFZeNVIls6OwseDwre4TETXb9tUoOhhoLD0GOijn\
    V13I_XxaEytnpus4JJ3qxSkjskCXDXI3mfSIwtOCNtnmN2JgwdlMILZLX93UCRMxQ7ebK2qjcUVUv4PiVPjG-fhA\
    i33ccEmAVMCky3ek__-6mMebGkcdBlpBET2nXSekHhZD_Ntj_5Ztqflkywnp12tBOLD5_uagSg4UrKOtgeY5N_jr\
    1LfqBkRN6xvkXj4Y3mwszRA_gR-Kr-G1yR2fhwqSq8DM4eGbSYHMu1f4pJbX7eb8vlPOQ8-m-QZlgg";

/// The hash without DigestInfo.
pub(crate) const RS256_BARE_HASH: &str = "\
    PMHdqMTCpvpFw3KGCFJa6daqxvccI_sdzxUj-lihyj5ZuG-uY0k2XF83IW2VfI_5juP1lefTui1lntF6Rs6QlWgs\
    fr3NSqV7WJ5oIUYvxTGmjOYHPwRnt4no3pOMg429tgYfyyVmlRZI6KGnQKcYVMg7i7hsiqAUL3aH8norJscImwgI\
    H6W06A_4uDIU9hrWRloj9OUE4WFUS0Sru76iHj-v79t_35CRcQmhwkn1NZ08OjIA2WynnXPG-tOE5gUpeXtrvTOa\
    yuRfgbLVTMgmN9zW8_Hhf7GIaVFgAlJjoME29EHgwJFmvXtcKfYHAnoaQ8ZhuuItNRV6tH1U5918Rg";

/// Block type 2 instead of 1.
pub(crate) const RS256_BLOCK_TYPE_2: &str = "\
    ORz3Ge_TiZUZ1gfgSjWdYUvhscAOr3hxs8zudZr4q0JIz9hvOX2DTVyu0YPjKTuzSa7he5UnAdsFGRCem4IluX_A\
    AdL3dBThYXsgcJ1TVv-mYn_H5b0nFzANVmF6hGFmqMx-0zE1qrC_v617SeCz4WNWzlNBxK571OWS0quwwtg9m5Jw\
    GTVcADlPjkpoP0ccwbPlRSH4Fk7vMHmuXoBKUR38D5IhGvBhaWGjSjXRI82GqksRYey0eq0uZTrWizNf5mAeP5kD\
    V0alH7GB2YLEUH46gTwV0v_VSXRyE-ICeXbCsdYop9y6icedlIReQGHSWff9Kua3Dzc4uT22hyRrDg";

/// One octet of the padding is `fe`.
pub(crate) const RS256_PADDING_BYTE: &str = "\
    QaCZopiLJmxfzeqGPpBr6ohXYzzakbfSgUZy4QHyk52lnzI4oZmQk3wqt7rniRDMpUvG80zDRGSk61BXox6XUpD1\
    X81C95OeroGtbU700cQfgqLwd4bIHTHsi1JP9Lg5ddZAYQptAtcgh6i8djTt2L5JcuWiS2kNVRmMCsdVpVxAJknN\
    pnjUUgHhx4Wgw24RbykcHhtGpylsqQ7HKmXlcLOFlLG8JD-ZEzhgk6PfNwA0Owrp5mtVsDXExT4ZtTvDIxwmF-tQ\
    KtvC4iDtixRxFQmJfwGr4oqgUjlEI5oCfUNqfor-vGD7zzzRRb5afQFXpN9_9oIj_oWUQRrVNlZ4Pw";

/// RS256 over `keybound 0`.
pub(crate) const RS256_PLUS_MODULUS_HONEST: &str = "\
    TOnO56f8dGGIgzkyzkI2FXC_6KifvbTJSRdfEEYKS_78uQbVObLs8BGkIHoL72XgUIQcAgYXlfVTtjBxCwPTBZMv\
    ml9B6VKvxq5DDIPuFUIL-U-y4vvFZO4GJnfajmjY8BkmhdXCt3-dPIj5uJ1e0gZZVskg5Trh87BeXO1BDXEMH8B0\
    S5fbbhBHGDiMGBLSxlc2z9U2l3X3M2J5NQagHQ-wNGJxiThzt9skr8dnAq5NbRfhl1me4qAqJAjz79SkPllGy1Yr\
    Ixw6bOAgdTwmCphmk1ZHeO7K8z2pAyJyEJFVLTMOsby-f8m1h8Tf4GQCBcYlWYM7Au7wX7abFUOEqw";

/// The same plus the modulus: congruent, and out of range (RFC 8017 section 5.2.2).
pub(crate) const RS256_PLUS_MODULUS: &str = "\
    7uHk8orgPhXuUcZgM6SZS5xSZmbJn6TtwRN1NhKa7TXgROAJ0Xij2nWBl4vya9oKSdrM_ZCmnpAwAZn6R8UGROcd\
    anj6YNbU9prUXGhzjKtlRTn1Y87xdEPFiQwpoWxvrIfCZUSAij1ApBfmWWPHyQgM5IkcHgMWIJNcyhU767tmaDUL\
    6WyVPasl3P_nHZf-8maVyHr4DHmKLKdiImthLdZme8MMLbCuo3eRSp68M96d0KNk_bYOUhqsx59kGfQIWdwat0hk\
    RTWDjJam_Gh9IY1xi4vVE3poCwDpdbHxmGnvRgwLXSRsBCLBtpRVc504Qc0opvKbco0SQArx4CluTA";

/// A modulus of 2049 bits.
pub(crate) const N_2049: &str = "\
    Ae-FcIDQIX326YWK6UHX4foxXL_6xHddsqty2KRtI19a9YdutFB3ZNKopcXzTcqLiAnt_Ebqbl13--aqntccSAnL\
    26vmys83FcnDCCBO3Ek8HDCRp07R12RcgVR8AubSUhuIVIrWEh61tF7Ix1cBudo6J28CBdty3L1TX6HXaPxSvhr2\
    9Zl2_YLQd5B1bphufghgNm9xxQtyFdmYdbEU5crqAYSELuajsf6iNuxnTATmh8ai9mCOd81TCqqJH7j8oztyVmZd\
    4y_gfmmu_LyUP7lHNLQkIvg61ER4-bKdnIoBBp7kI3UcLD7WAjopmFxAZN5ohLHOCQCEYaooKWuKEC0";

/// RS256 by the key of 2049 bits.
pub(crate) const RS256_2049: &str = "\
    AGSpc8l9o7BSrqQSrsDNFe2J2_xZXlJdZsS_2P6kbpjuNV4sOKdbp54Aex4aPNZKSTs9oK644swcaki4ntRNoXM6\
    62J3I3Zd_waXWbCGn6Gt3_d0U9qz4zetR9qYiqFCYZKEtQ6oD8oE_BeElNZuBHV_qQ8N2dJgFJZFVvP2V1uzrIYx\
    tKZkSmCmzgt6uOtXN_QpC_XR4kJWMH6Dl6JsBFXBgk23u5ifxU9CMl_4LIeOlufj8463xOt-knb8QQnJVQvZvX1y\
    WCSljUWzDMTHQzeR9r-JyF4_P5_jRSlMoTf12UvjDMatewrThs9F_m0ZNBMUKv4xpIAOJjrWOIWSGYw";

/// PS256 by the key of 2049 bits.
pub(crate) const PS256_2049: &str = "\
    AVWeHb_Yj79y41ClHelRst26cUuEKXJl_mPrjcmh1IJeawRLRH4bMCei7OderhW4apYDfNyBQM8ih_biymSCYvXv\
    O5AjurkR5u9fCuYl-7z7FHq451g8GKjm8no3wb6mBBisSUHqANslcgSqaAi_h8jbNEAhrF3XQtHw9OL20SFZF3Wx\
    t9_UdHcB8oTWFCQKJuwwKXT7Cx9nWBMZHrw8GENTuukiACO2Ws5qyO7okb_J8766I6JRw_OWHp2E6a-P7wkqfup0\
    oBl2mhl9-I4HdaOUa01vrhKwMJQQc0CxfXgjtOaKNwGgwWUIPb3pfpJhIMmFVnWknsI4I11aZoJ6DwQ";

/// A modulus of 3072 bits.
pub(crate) const N_3072: &str = "\
    lb2uH2SEFIx43Pk39atakNW2QpysVpxelMA2bppRRUWMWJ4RGyWwniGWkjcmpkLCAnJyFiFroluJm50lQcM9Awhv\
    pBPgeEuBY4zM9qqE9iKFwaznVMp3ZPVM0JuXNkTGN8A-GMJOYg3Is6vK9hUbtW2FE746UuIDlzxP0f7HozAbTHDw\
    DJYEjVwY1tYySMVqyOZ2T3l7yVMiK6tdpt-3nbtd9Q4fAFqmnthhjHXa6roB8stv1k0MtLTFOLiKasHEZI_Xt4Yx\
    dPB968oxugwcs_sSf1JOaAi1qiV2XUTdH8t724wPh4iyJy57oaBlOcxuA2nxmsQDSz75PHDXgnEYaRRBPwwcYQSu\
    CgCaU5bPHUfLsnUtcYgvnTaxTNmQ856pedRTHMUadBQSpI8qU1aepUYP9vdu2XWBNXt9g9_LRwLZQtq4y5_hggLB\
    Ik1N8y1N5sPd97tdndPzlsTRG6hAr-W_LSV8f4aLhhYcE_OZ2cwGf18d9sH07PRVIdfoV769";

/// RS256 by the key of 3072 bits.
pub(crate) const RS256_3072: &str = "\
    d8tylJOXWKEcwPwEDIgTw6q0A2TAaOdYsMa27OX1BdTEynsivutzE6yfdM53MKG-cWDgcjeMSkgnAjo5-W4Nq7L6\
    vGJ0jxNzT_L-fUjzbJb94decHnuM0CRLJWXY3Xd9oVgbyLI_HFe1DVfPDK5T9nNKTP6v8K0w74AqU5sAJ1asXFCq\
    e6sad5FSE3sLfEX_kcy48UOTK6jbRr51Rc2zse9XxwtKGjDWRMDVXepjK5MBULy9ntz0-2Efob1cLwi1aMtNrCwh\
    PDYuVDONuxDy-v03_FjJpHvXjTv0PkXsuJ-ZFdgTZz7uUam4XEV-X4hs5iE_SmF-i1TwZniETbAkU7SW2dF_TwF9\
    n_4hirQvwS_rlHVT7DBDdukXBrVGiGcRPn-q-SVOxLL6C564iYzcapetvhBpEyIY1XaICPrLQDt8WebR6HD5QUiQ\
    BcyftaWdWRWK1qiukozOY-7tZeWErh73lb0qabsbNsUNlGtrLzvMCcHvfBQu9y-0uwz6QWlo";

/// PS256 by the key of 3072 bits.
pub(crate) const PS256_3072: &str = "\
    Fi00juGUnZPqfvw2nyng6_gdIT5kNSbWRsARG8bxPz15q8K-lO9F7GOsSrk7XkSJLqplXQB9Gm0kG5YW6d_2CdWO\
    CAcI4DeW9lbgbrZkl3pjVbGJKG8yzpiFthCsED74LnyLa8WhVhpfxlP26rO685JvykFIn7g6B070QDP3iEu0eSNf\
    LG1wFiHFYDE3XPWLjTOR12doCah7YZlUh7b-xhbHtPg6hMcT_NWm3kltCNbVCEFMESG-_OszVK1xh8sNZgRTVBsY\
    1OkjDCWlAvpJbXJk6SttYeDR9O9iit8ekB0YTqZojiiMK3QQO5EQyOjeqmbH-ApJPZotJRMin5e8rHWKuu1sigSe\
    R7ZRI10824lQkeYPY2NOk9LB9mkpC3jkZNTRDQkn5fRAojiP4wGTFUART5e9ilsQ5Fvd7YoCOWJO6TrtdybQoUaW\
    vdhK4VeCulbXPHwJBTCT22PYCDN3kpE-Y9RWPIXcyfis_RyxGhxtmMovebf_EnilBZPTm8KL";

/// A modulus of 4096 bits.
pub(crate) const N_4096: &str = "\
    4GQGmepH3-3ctfaHoyVHKaVDphY2WVt41vG3p9G_RHqaIOeHVr0iZcumom4zQxl8Ku6j6xg5LPRKMf2PKHdMOy45\
    aW6kUvKncDZsehYSeTBfC6LIrnkPfz2uqAmw4fXNDjdwUclrSBQDrxf4gR1SVV5QtxvTCbJeAOvRXSEFo6GGDJMP\
    yQKVQN5OTcD0gBGXGts3fyvaLHtSbNak6QvmWy2Uhj9dKsUAmNkrltOCNbspidG6cjYXeLN8SdiN6DyZhFyGd_bq\
    UWLES8Djpu6Ww1Oygu3Vi8b232i5KbhmaYCU3f-A-0ZuSPPX-WffRmbExsSNU5GWT9VV5QHRBtEdxiYkR0wEWcAD\
    iF_s11nxZWJDGIsoxVxRMXEVJD6XoH9pOH3sqctIAfmvrec0qB6JP4Imu_VayBYy1I6v2_UV-X1WV5KmtgGXg3ht\
    7xJ49Mb7ioYn0qMMqcx8aQN6LReT3XMzNPWcRdYSGP1Aegf-fnIq5VDAie6n5KvlyrFjkvZLq-mEZb7-zw39S5ng\
    ZIixs7_bGBXOKhzDAvSiLMPwRetvjK1z3YcWfTMdLEdU0bc0uLq8ZmsB4SN0RqxGL0ghBxFL0ywD0Ja3S3suL2cc\
    78QesuGxJnCLTLPcpPqEs5Fqe2WOQYOEP3o8R16-SGSyXDh3168brMoazBak5cxEy7M";

/// RS256 by the key of 4096 bits.
pub(crate) const RS256_4096: &str = "\
    0mRiA4CKTnensCfYizxpvvBsWAyqVDGeqfy-lV0NykMdd1lskl_D6yCJhI7HXa972pexxOz9M5xoPa_d1fr1u5l2\
    0ijqrWDV5bPCTea0LoxChVgNv-u9O79s6qNZjsY26pObFvPaRE6liEAabQmSdXHLgwvq6yGuAMW8ykC_x1yJxsz6\
    LJ6VtUfUCxL3ZGp9b0dmeVeFl0Es8WRHdVbQQGFG0yJWvhOoqrutQVUy2uOTOouDaCvZp5VqXYtKrBUH7f1-YXN9\
    EJ7fgoo5sjVtEaWnrtJy_yY3GgqAZEAbVdAsfh-IUJ1SvW7uy8lTYdwP1Z5Fc4sHq0dIx-iiFTRboITBhKrqxVtN\
    2H9PR0Sf4UcIRm2e2A8cggSL-uCwMDK-bbnAbGrhby8k0OZNvyeH_bFkSsVgBhwGufZUuIoJdR_cezfeh0jRQGZ0\
    NMVkXxqnMVNtA0eBcsL-A_oP1GTaNQ5vNT3Gj_MpA98RNN4YIAvNnM9oeNC3pIfuYQmBnV4ubH95rgPksFAWgZXP\
    2o6wANvKJBSuz2EW0FBxgscCdijxN9ydpIQGOiFNMBOOHp2DRCNS_weXtckq9M86dwCvDoXIPNxK2gMlT-nwT9ug\
    6Vl45nMW6ZI53oLTimswDuGKPCR5Vz29qKNI4nfdFalYuIDdRfWghw5XcM4MwbJ_dpc";

/// PS256 by the key of 4096 bits.
pub(crate) const PS256_4096: &str = "\
    wCEiFzvcmwXEkomunUwl6uhbblGk_f0JC205HUDl-Q7aMtVZ2t87t6snsfMWJJE8h-tpTsYBHxa__0LJ7A4gVAW6\
    ljmemK3Q-WhCCAVb6ybXrj37jtZc1WrccsXKJMBsgpzzSvNc1cSWsvUROaDEP_aOcTs0uE28BGp81YIbUiq95Tgp\
    Ck2Lv_FiYz8PlDf98_4kvgetV6HOlqNkYP_7ibumGaJ4NWy_SavYzcfGiYoqb5bi_A_RWDzRLNxiniQ2QOFdqujR\
    9TKktsHUyJQk1lwRlrxz8MCKAWM7uUoXQc-uqpB3Ytj88az_bKcAJXNfAVVcX1qL-ZlYuYUXUJLDOudhDRq10JkR\
    0xJfdlVnvCW6l2ctNrWbJk0TzdtF3qmk2KdzdV0hx6J5SgLgtBVnAzwFnw9FekeC0LCwRNJGMMqmy7bZwygnLS7a\
    RSEBTvw9T5GHlR2hwoQMHopmsUp_97s9Q2hwVbcZe9fELiSsPIoVZDC1Nw0cKG6C39z3tNF973_AttVSsscB1VAR\
    HrFOQPqiql6cP2thHFlgUzEv4vYAbf6PH10TMZ8nWhFbD6Od2s10Y2Vl_b_2MKkrAvVLNUwEWrQrkYkXZomKTVlr\
    Z9KWOlzS5_-L9gPuNfoPIlYdywpxRE-Cxa2z7R9CQ-o4-S1MBUiQJdN8n054DExP_Vk";
