"""Shops."""

from zimfo_server.atlas.places.vocabulary.kind import GENERIC, Kind

SHOPPING = (
    Kind(
        "shop",
        also="store shopping retail",
        subtypes=(
            "shop *_store store *_shop clothing_store grocery supermarket mall shopping_center shopping_mall "
            "marketplace department_store convenience bakery books florist alcohol_shop"
        ),
        unless="coffee_shop",
    ),
    Kind(
        "grocery",
        also="grocery_store supermarket food_store greengrocer hypermarket",
        subtypes="grocery grocery_store supermarket greengrocer *_grocery_store organic_grocery_store",
        names=(
            "supermarket supermercato supermarché supermercado supermercat market grocery esselunga carrefour "
            "lidl aldi alimentari k-market s-market mini_market minimarket hiper"
        ),
        among="shop amenity poi none",
        unless="stock parking",
    ),
    Kind(
        "convenience_store",
        also="corner_shop corner_store kiosk",
        subtypes="convenience convenience_store kiosk newsstand",
    ),
    Kind(
        "market",
        also=("farmers_market street_market flea_market marketplace food_market"),
        subtypes="marketplace farmers_market flea_market public_market *_market",
        names="market mercato marché mercado mercat markt *kauppahalli suq",
        among=f"grocery leisure {GENERIC}",
        unless="super supermarket mini minimarket",
    ),
    Kind(
        "mall",
        also="shopping_mall shopping_center shopping_centre department_store",
        subtypes="mall shopping_mall shopping_center department_store",
        names=(
            "mall shopping_centre shopping_center centro_commerciale centre_commercial centro_comercial "
            "kauppakeskus shopping_complex"
        ),
        among=f"grocery building {GENERIC}",
    ),
    Kind(
        "bookstore",
        also="book_store book_shop bookshop books used_book_store",
        subtypes="bookstore books book_store used_bookstore *_bookstore",
        names=(
            "bookshop bookstore books libreria librairie librería llibreria buchhandlung *kirjakauppa *kirjat "
            "antikvariaatti"
        ),
        among="library shop amenity poi none",
    ),
    Kind(
        "record_store",
        also="record_shop vinyl_shop vinyl_store music_store music_shop",
        subtypes=("music music_store record_store vinyl_record_store music_and_dvd_store musical_instrument_store"),
        names="records vinyl levykauppa dischi disques discos",
        among="shop amenity poi none",
    ),
    Kind(
        "comic_shop",
        also="comic_store comic_book_store comic_book_shop comics",
        subtypes="comic_books_store comics comic_book_store",
        names="comic comics fumetti fumetteria sarjakuva manga",
        among="shop library amenity poi none",
    ),
    Kind(
        "clothing_store",
        also="clothes_shop clothes_store clothing fashion boutique clothes clothing_shop",
        subtypes=("clothing_store clothes fashion *_clothing_store boutique fashion_accessories_store shoe_store"),
    ),
    Kind(
        "thrift_store",
        also=(
            "thrift_shop vintage_shop vintage_store second_hand_shop secondhand_store charity_shop antique_shop antique"
        ),
        subtypes="thrift_store charity second_hand used_vintage_and_consignment antique_store flea_market",
        names="thrift vintage second_hand secondhand antique antiques usato kirpputori goodwill",
        among="clothing_store shop amenity poi none",
    ),
    Kind(
        "bike_shop",
        also="bicycle_shop bicycle_store bike_store bike_rental cycle_shop",
        subtypes="bicycle bicycle_shop bike_shop bicycle_store bike_repair_maintenance bicycle_rental",
        names="bike bikes bicycle bicycles cycle cycles cicli velo pyörä *pyörä",
        among="shop amenity poi none",
    ),
    Kind(
        "sports_store",
        also="running_store running_shop sports_shop sporting_goods outdoor_shop",
        subtypes="sporting_goods sports_wear sports running_store outdoor_gear",
        names="sport sports running decathlon intersport outdoor",
        among="clothing_store shop",
    ),
    Kind(
        "liquor_store",
        also="wine_shop off_licence bottle_shop alcohol alcohol_shop beer_shop",
        subtypes=("alcohol_shop liquor_store alcohol wine_store wine_shop beer_wine_and_spirits beverage_store"),
        names="liquor wine wines vini",
        among="shop grocery",
    ),
    Kind(
        "hardware_store",
        also="hardware diy ironmonger ironmongery",
        subtypes="hardware hardware_store doityourself home_improvement_store",
        names="hardware ironmongery ferramenta brico rautakauppa bricolage",
        among="shop amenity poi none",
    ),
    Kind(
        "florist",
        also="flower_shop flower",
        subtypes="florist flowers_and_gifts_shop",
        names="florist flowers fiori fleurs *kukkakauppa *kukka",
        among="shop amenity poi none",
    ),
    Kind(
        "toy_store",
        also="toy_shop toy",
        subtypes="toys toy_store",
        names="toys toy giocattoli jouets lelut",
        among="shop none",
    ),
    Kind(
        "gift_shop",
        also="souvenir souvenir_shop gift",
        subtypes="gift gift_shop souvenir_shop",
        names="gift gifts souvenir",
        among="shop",
    ),
    Kind(
        "pet_store",
        also="pet_shop pet",
        subtypes="pet pet_store",
        names="pet pets animali *eläinkauppa",
        among="shop none",
    ),
    Kind(
        "electronics_store",
        also="electronics computer_store",
        subtypes="electronics computer_store electronics computer",
    ),
    Kind(
        "jewelry_store",
        also="jeweler jeweller jewellery jewelry",
        subtypes="jewelry jewelry_store jeweler",
        names="jewellery jewelry jeweller gioielleria joaillerie *kultaseppä bijouterie",
        among="shop",
    ),
    Kind(
        "optician",
        also="optical_store eyewear",
        subtypes="optician eyewear_and_optician",
        names="optician optika ottica optik",
        among="shop amenity poi none",
    ),
)
