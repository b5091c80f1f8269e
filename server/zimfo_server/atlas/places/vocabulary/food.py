"""Where to eat and drink."""

from zimfo_server.atlas.places.vocabulary.kind import FOOD, Kind

EAT_AND_DRINK = (
    Kind(
        "restaurant",
        also=(
            "eatery place_to_eat food_place dining dinner lunch restaurant_and_cafe somewhere_to_eat "
            "diner_and_restaurant"
        ),
        subtypes="restaurant *_restaurant fast_food food_court pizzeria bistro diner steakhouse gastropub",
        names=(
            "restaurant ristorante restaurante *ravintola pizzeria pizza bistro bistrot taqueria sushi ramen "
            "noodle taverna kitchen grill diner steakhouse burger burgers bbq curry tacos seafood thai vietnamese "
            "trattoria osteria brasserie kebab wok gasthaus gasthof cantina rosticceria tapas"
        ),
        among="amenity poi none food",
        unless="parking",
    ),
    Kind(
        "food",
        also="meal something_to_eat bite_to_eat food_and_drink",
        subtypes=(
            "restaurant *_restaurant fast_food food_court cafe coffee_shop pizzeria bistro diner bar pub beer "
            "food food_* bakery ice_cream deli sandwich_shop gastropub"
        ),
        names=(
            "restaurant ristorante restaurante *ravintola pizzeria pizza bistro sushi ramen taqueria kitchen "
            "grill cafe trattoria osteria brasserie kebab kahvila caffe bakery tavern pub"
        ),
        among="amenity poi none",
    ),
    Kind(
        "fast_food",
        also="takeaway takeout take_away snack_bar quick_bite",
        subtypes=(
            "fast_food fast_food_restaurant food_court snack_bar burger_restaurant hot_dog_restaurant sandwich_shop"
        ),
        names=("burger burgers kebab takeaway mcdonalds burger_king hesburger subway kfc"),
        among=FOOD,
    ),
    Kind(
        "food_truck",
        also="food_stand street_food",
        subtypes="food_truck food_stand street_vendor",
        names="food_truck",
        among=FOOD,
    ),
    Kind(
        "cafe",
        also="coffee caffe coffee_shop coffee_house coffeehouse coffee_place espresso_bar tea_room tea_house",
        subtypes="cafe coffee_shop coffee_roastery tea_room tea_house internet_cafe",
        names="cafe coffee caffe caffetteria espresso roaster roasters kahvila *kahvila cafeteria konditorei",
        among="amenity poi none",
        unless="bakery liquor",
    ),
    Kind(
        "bar",
        also="drink nightlife bar_and_pub watering_hole lounge",
        subtypes=(
            "bar pub beer biergarten beer_garden cocktail_bar wine_bar sports_bar dive_bar beer_bar gay_bar "
            "hookah_bar irish_pub gastropub tiki_bar whiskey_bar sake_bar piano_bar hotel_bar beach_bar "
            "champagne_bar lounge speakeasy karaoke karaoke_bar taproom nightclub"
        ),
        names="bar pub tavern taproom birreria brewpub irish_pub",
        among="amenity leisure poi none",
        unless="sushi salad juice snack milk hair nail brow beauty oyster coffee barber",
    ),
    Kind(
        "pub",
        also="tavern beer_hall biergarten beer_garden taproom irish_pub",
        subtypes="pub beer biergarten beer_garden beer_bar irish_pub gastropub taproom",
        names="pub tavern birreria taproom public_house olutravintola",
        among="amenity bar leisure poi none",
    ),
    Kind(
        "cocktail_bar",
        also="speakeasy lounge_bar",
        subtypes="cocktail_bar speakeasy lounge",
        names="cocktail cocktails",
        among="bar amenity",
    ),
    Kind(
        "wine_bar",
        also="enoteca wine_tasting",
        subtypes="wine_bar winery wine_tasting_room",
        names="wine vino vin enoteca viinibaari",
        among="bar beer amenity",
    ),
    Kind(
        "sports_bar",
        subtypes="sports_bar",
        names="sport sports",
        among="bar beer pub amenity",
    ),
    Kind(
        "dive_bar",
        subtypes="dive_bar",
        names="dive",
        among="bar beer pub amenity",
    ),
    Kind(
        "tiki_bar",
        subtypes="tiki_bar",
        names="tiki",
        among="bar beer pub amenity",
    ),
    Kind(
        "brewery",
        also="craft_brewery brewpub microbrewery craft_beer",
        subtypes="brewery brewpub microbrewery craft_brewery",
        names="brewery brewing brewpub birrificio brasserie_artisanale brauerei brauhaus panimo bryggeri",
        among="bar beer pub restaurant amenity shop industrial craft poi none",
    ),
    Kind(
        "distillery",
        subtypes="distillery",
        names="distillery distilling distilleria destillerie",
        among="bar beer amenity shop industrial craft poi none",
    ),
    Kind(
        "winery",
        also="vineyard",
        subtypes="winery vineyard",
        names="winery cantina vineyard cellars",
        among="amenity shop craft poi none",
    ),
    Kind(
        "nightclub",
        also="night_club club disco dance_club discotheque",
        subtypes="nightclub dance_club night_club",
        names="nightclub night_club disco discoteca discotheque club yökerho",
        among="bar amenity leisure poi none",
        unless="tennis golf yacht football sport sports bowling sailing",
    ),
    Kind(
        "jazz_club",
        also="jazz_bar jazz",
        subtypes="jazz_and_blues jazz_club",
        names="jazz blues",
        among="bar beer music amenity leisure none",
    ),
    Kind(
        "comedy_club",
        also="stand_up comedy",
        subtypes="comedy_club",
        names="comedy",
        among="bar theatre amenity leisure none",
    ),
    Kind(
        "bakery",
        also="pastry_shop patisserie boulangerie",
        subtypes="bakery patisserie_cake_shop bagel_shop pastry",
        names=(
            "bakery patisserie boulangerie panificio pasticceria panetteria panaderia pastisseria fleca bäckerei "
            "leipomo"
        ),
        among="shop amenity cafe grocery poi none",
    ),
    Kind(
        "ice_cream",
        also="ice_cream_shop ice_cream_parlor ice_cream_parlour gelato gelateria frozen_yogurt",
        subtypes="ice_cream ice_cream_shop ice_cream_parlor gelato frozen_yoghurt_shop frozen_yogurt",
        names=("ice_cream gelato gelateria gelati glacier heladeria gelateria eisdiele jäätelö frozen_yogurt creamery"),
        among="shop cafe fast_food amenity poi none",
        unless="chocolate",
    ),
    Kind(
        "donut",
        also="donut_shop doughnut doughnut_shop donut_store",
        subtypes="donuts doughnut donut_shop",
        names="donut donuts doughnut doughnuts",
        among=f"{FOOD} shop",
    ),
    Kind(
        "boba",
        also="boba_shop bubble_tea bubble_tea_shop boba_tea",
        subtypes="bubble_tea",
        names="boba bubble_tea",
        among=f"{FOOD} shop",
    ),
    Kind(
        "korean_bbq",
        subtypes="korean_bbq* korean_restaurant",
        names="korean korea bulgogi kbbq",
        among=FOOD,
    ),
    Kind(
        "deli",
        also="delicatessen sandwich_shop sandwich",
        subtypes="deli delicatessen sandwich_shop",
        names="deli sandwich",
        among=FOOD,
    ),
)

# Cuisines and dishes, with what names say. Such a kind never means every restaurant (zimfo-behaviour §2.9).
CUISINES: dict[str, str] = {
    "pizza": "pizza pizzeria pizzas",
    "sushi": "sushi",
    "burger": "burger burgers hamburger",
    "ramen": "ramen noodle noodles",
    "taco": "taco tacos taqueria taquería",
    "burrito": "burrito burritos taqueria",
    "bbq": "bbq barbecue barbeque smokehouse grillhaus",
    "thai": "thai bangkok siam",
    "indian": "indian india curry tandoori masala",
    "mexican": "mexican mexicano mexicana taqueria cantina tacos burrito",
    "italian": "italian italiano italiana pizzeria trattoria osteria ristorante pasta",
    "chinese": "chinese china cinese chinois dim_sum szechuan sichuan",
    "japanese": "japanese japan giapponese sushi ramen izakaya teppanyaki",
    "korean": "korean korea seoul",
    "vietnamese": "vietnamese vietnam pho phở",
    "vegan": "vegan vegetarian veggie vegano",
    "vegetarian": "vegetarian vegan veggie vegetariano",
    "french": "french brasserie bistrot français",
    "greek": "greek taverna gyros souvlaki",
    "spanish": "spanish tapas bodega",
    "turkish": "turkish kebab kebap döner doner",
    "lebanese": "lebanese falafel shawarma",
    "american": "american diner",
    "ethiopian": "ethiopian",
    "nepalese": "nepalese nepal himalaya",
    "seafood": "seafood fish pesce marisqueria crab lobster",
    "steak": "steak steakhouse steakhaus grill",
    "steakhouse": "steak steakhouse grill",
    "tapas": "tapas",
    "dim_sum": "dim_sum",
    "kebab": "kebab kebap doner",
    "diner": "diner",
    "brunch": "brunch breakfast",
    "breakfast": "breakfast brunch",
    "noodle": "noodle noodles ramen pho",
}
